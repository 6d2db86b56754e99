"""The rule language: what is refused, where, with what help; and what conditions mean."""

from __future__ import annotations

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.features import Amount, Flag, Missing
from nephroline.lang import (
    And,
    Ask,
    Atom,
    ConditionError,
    Is,
    Not,
    Or,
    Seen,
    Shared,
    Vocabulary,
    atoms,
    interned,
    judge,
    parse,
)
from nephroline.pathway import Pathway
from nephroline.terms import Scope

REFUSED = [
    ("proteinuria > 3.5", Scope.ASSESSMENT, "bare number `3.5`", "name a threshold"),
    ("proteinuria > -1", Scope.ASSESSMENT, "bare number", "name a threshold"),
    ("proteinurea > nephrotic_proteinuria", Scope.ASSESSMENT, "unknown name `proteinurea`", "proteinuria"),
    (
        "proteinuria > nephrotic_protein",
        Scope.ASSESSMENT,
        "unknown name `nephrotic_protein`",
        "nephrotic_proteinuria",
    ),
    ("proteinuria > nephrotic_albumin", Scope.ASSESSMENT, "is mass-rate", "like with like"),
    ("albumin < proteinuria", Scope.ASSESSMENT, "cannot compare", ""),
    ("__import__('os').system('x')", Scope.PATIENT, "unknown name", "features"),
    ("age.__class__", Scope.PATIENT, "unknown name", "features"),
    ("(lambda: treated)()", Scope.PATIENT, "unknown name", ""),
    ("[treated for x in y]", Scope.PATIENT, "is not accepted", "use names"),
    ("treated if on_line else treated", Scope.PATIENT, "is not accepted", "use names"),
    ("age + age > adult_age", Scope.PATIENT, "is not accepted", "use names"),
    ("f'{age}'", Scope.PATIENT, "is not accepted", ""),
    ("treated and", Scope.PATIENT, "not complete", "use names"),
    ("treated or or on_line", Scope.PATIENT, "cannot be read", "use names"),
    ("age", Scope.PATIENT, "not a yes-or-no question", "threshold"),
    ("response", Scope.PATIENT, "not a yes-or-no question", "=="),
    ("response == complet-remission", Scope.PATIENT, "not one of the words", "complete-remission"),
    ("response > adult_age", Scope.PATIENT, "is not an amount", "=="),
    ("treated is on_line", Scope.PATIENT, "this comparison is not accepted", "=="),
    ("taking(simvastatine)", Scope.PATIENT, "unknown agent", "simvastatin"),
    ("taking(simvastatin, statin)", Scope.PATIENT, "takes 1 names, got 2", "taking(agent)"),
    ("taking(x=1)", Scope.PATIENT, "is written as", ""),
    (
        "relapses(frequent_window) >= dependence_relapses",
        Scope.PATIENT,
        "unknown threshold",
        "frequent_window_long",
    ),
    ("tried(cyclosporine + losartan)", Scope.PATIENT, "no regimen has the agents", "regimens.yaml"),
    ("line.current", Scope.PATIENT, "is asked of a line", "for: line"),
    (
        "latest(proteinuria) > nephrotic_proteinuria",
        Scope.ASSESSMENT,
        "asked of the patient at as-of",
        "at the assessment",
    ),
    ("finding(steroid-resistent)", Scope.PATIENT, "unknown finding", "steroid-resistant"),
    ("line.finding(steroid-resistant)", Scope.PATIENT, "needs a rule with `for: line`", "finding("),
    ("line.finding(relapse)", Scope.LINE, "not about a line", "without"),
    ("never_remitted", Scope.PATIENT, "is a definition of a line", "any_line(never_remitted)"),
    ("relapses(nephrotic_albumin) >= dependence_relapses", Scope.PATIENT, "is not a time", ""),
    ("rise(creatinine, adult_age)", Scope.PATIENT, "is not a ratio", ""),
    ("has(hypertension, angry)", Scope.PATIENT, "unknown state", ""),
    ("treated)", Scope.PATIENT, "a bracket closes that was not opened", "use names"),
    ("treated) and (on_line", Scope.PATIENT, "a bracket closes that was not opened", "use names"),
    ("[treated]]", Scope.PATIENT, "a bracket closes that was not opened", "use names"),
    ("(treated", Scope.PATIENT, "cannot be read", "use names"),
    ("treated # on_line", Scope.PATIENT, "the condition holds a #", "use names"),
    ("a" * 2001, Scope.PATIENT, "longer than", "split"),
    ("a" * 2000, Scope.PATIENT, "unknown name", "features"),
    ("(" * 500 + "treated" + ")" * 500, Scope.PATIENT, "too large", ""),
]


@pytest.fixture(scope="module")
def words(kdigo: Pathway) -> Vocabulary:
    return Vocabulary(
        load_catalogue(),
        kdigo.thresholds,
        {d.id: d.scope for d in kdigo.definitions.values()},
        {name: rules[0].scope for name, rules in kdigo.finding_rules.items()},
    )


@pytest.mark.parametrize(("text", "scope", "message", "remedy"), REFUSED, ids=[t[0][:40] for t in REFUSED])
def test_a_condition_that_means_nothing_is_refused(
    words: Vocabulary, text: str, scope: Scope, message: str, remedy: str
) -> None:
    with pytest.raises(ConditionError) as bad:
        parse(text, scope, words)
    assert message in str(bad.value)
    assert remedy in bad.value.help
    assert bad.value.line == 1
    assert 0 <= bad.value.column <= len(text)


def test_the_column_points_at_the_fault(words: Vocabulary) -> None:
    text = "treated and taking(simvastatine)"
    with pytest.raises(ConditionError) as bad:
        parse(text, Scope.PATIENT, words)
    assert text[bad.value.column :] == "simvastatine)"


@pytest.mark.parametrize(
    ("text", "scope", "english"),
    [
        (
            "proteinuria > nephrotic_proteinuria",
            Scope.ASSESSMENT,
            "proteinuria > 3.5 g/d (nephrotic range, KDIGO 2012)",
        ),
        (
            "nephrotic_albumin > albumin",
            Scope.ASSESSMENT,
            "serum albumin < 3.0 g/dL (hypoalbuminaemia of nephrotic syndrome, KDIGO 2012)",
        ),
        (
            "not treated or on_line",
            Scope.PATIENT,
            "not immunosuppression was given or a line of therapy is running",
        ),
        ("tried(cyclosporine + mycophenolate)", Scope.PATIENT, "cyclosporine with mycophenolate tried"),
        (
            "response in (complete-remission, partial-remission)",
            Scope.PATIENT,
            "response now is complete remission or partial remission",
        ),
        ("finding(cni-resistant)", Scope.PATIENT, "Resistant to a calcineurin inhibitor"),
    ],
)
def test_conditions_read_as_english(
    words: Vocabulary, kdigo: Pathway, text: str, scope: Scope, english: str
) -> None:
    assert kdigo.speaker.describe(parse(text, scope, words)) == english


def test_a_chained_comparison_is_both(words: Vocabulary) -> None:
    node = parse("remission_proteinuria <= proteinuria <= nephrotic_proteinuria", Scope.ASSESSMENT, words)
    assert isinstance(node, And)
    assert len(node.operands) == 2


A, B = Is(Ask("treated")), Is(Ask("on_line"))
TRUTHS = (True, False, None)


def see(a: bool | None, b: bool | None):  # type: ignore[no-untyped-def]
    def look(atom: Atom) -> Seen:
        value = a if atom == A else b
        return Seen(value, Flag(value, ""), None, () if value is not None else (Missing(str(atom), "x"),))

    return look


@pytest.mark.parametrize("a", TRUTHS)
@pytest.mark.parametrize("b", TRUTHS)
def test_truth_tables_are_kleenes(a: bool | None, b: bool | None) -> None:
    both = False if False in (a, b) else (None if None in (a, b) else True)
    some = True if True in (a, b) else (None if None in (a, b) else False)
    assert judge(And((A, B)), see(a, b))[0] is both
    assert judge(Or((A, B)), see(a, b))[0] is some
    assert judge(Not(A), see(a, b))[0] is (None if a is None else not a)


@pytest.mark.parametrize("a", TRUTHS)
@pytest.mark.parametrize("b", TRUTHS)
def test_missing_data_are_named_exactly_when_the_truth_is_unknown(a: bool | None, b: bool | None) -> None:
    for node in (And((A, B)), Or((A, B)), Not(And((A, Not(B))))):
        truth, missing = judge(node, see(a, b))
        assert bool(missing) == (truth is None)


def test_equal_conditions_become_one_object(words: Vocabulary) -> None:
    table = Shared({}, {})
    text = "treated and not taking(simvastatin) and latest(proteinuria) > ras_proteinuria"
    one, two = (interned(parse(text, Scope.PATIENT, words), table) for _ in range(2))
    other = interned(parse(text.replace("not ", ""), Scope.PATIENT, words), table)
    assert one is two
    assert other is not one
    assert set(atoms(other)) == set(atoms(one))


def test_an_unbounded_amount_is_unknown() -> None:
    assert not Amount(None, None, "time", "").known


@pytest.mark.parametrize(
    ("text", "line", "rest"),
    [
        ("treated or or on_line", 1, "or on_line"),
        ("treated or\n  or on_line", 2, "or on_line"),
        ("treated and\n  not (on_line or)", 2, ")"),
        ("treated and", 1, ""),
        ("treated and\n  not", 1, ""),
        ("(treated", 1, "(treated"),
        ("treated and\n  taking(simvastatine)", 2, "simvastatine)"),
    ],
)
def test_a_fault_is_told_with_its_line_and_column(text: str, line: int, rest: str, words: Vocabulary) -> None:
    with pytest.raises(ConditionError) as bad:
        parse(text, Scope.PATIENT, words)
    assert bad.value.line == line
    assert text.splitlines()[line - 1][bad.value.column :] == rest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("treated", "immunosuppression was given"),
        ("not treated", "not immunosuppression was given"),
        ("treated and not on_line", "immunosuppression was given and not a line of therapy is running"),
        (
            "not (treated and on_line) or treated",
            "not (immunosuppression was given and a line of therapy is running) or immunosuppression was given",
        ),
        (
            "(treated or on_line) and on_line",
            "(immunosuppression was given or a line of therapy is running) and a line of therapy is running",
        ),
    ],
)
def test_a_condition_is_told_with_brackets_where_it_needs_them(
    text: str, told: str, words: Vocabulary, kdigo: Pathway
) -> None:
    assert kdigo.speaker.describe(parse(text, Scope.PATIENT, words)) == told
