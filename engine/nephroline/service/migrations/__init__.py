"""Migrations of the tables, run by alembic when the service starts."""
