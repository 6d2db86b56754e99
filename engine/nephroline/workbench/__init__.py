"""The page of the service: a workbench for one patient."""
