"""The bench against others: who is in it, when what is killed, what is counted, and how it is told."""

import pytest

from bench.rivals import tables
from bench.rivals.__main__ import arguments, versions
from bench.rivals.code import FOLDER, counts, files, lines
from bench.rivals.kill import CALM, Outcome, Plan, count, merged
from bench.rivals.roster import BASELINE, KILLED, RIVALS, Rival

OUTCOME = Outcome(100, 2, 0, 0, 3, 1, 4.5, 9.25, 0.02)


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_each_rival_has_settings_and_what_enqueues(rival: Rival) -> None:
    folder = FOLDER / "setups" / rival.setup
    assert (folder / "settings.py").is_file()
    assert (folder / f"{rival.module}.py").is_file()
    assert rival.queue in {"mysql", "redis", "rabbitmq"}


def test_no_folder_is_nobodys() -> None:
    folders = {path.parent.name for path in (FOLDER / "setups").glob("*/settings.py")}
    assert folders == {rival.setup for rival in RIVALS.values()}


def test_who_is_killed_says_how_it_finds_what_its_dead_held() -> None:
    assert all(RIVALS[name].finds for name in KILLED)
    assert any(RIVALS[name].queue == "mysql" for name in KILLED)


def test_versions_are_those_of_the_lock() -> None:
    assert "celery 5.6.3" in versions()
    assert "django-ox" in versions()


def test_a_seed_is_the_same_moments_for_all_and_another_one_others() -> None:
    moments = Plan(7).moments()
    assert moments == Plan(7).moments() != Plan(8).moments()
    assert [victim for _, victim in moments].count("worker") == 20
    assert [victim for _, victim in moments].count("server") == 5
    assert all(CALM <= at <= Plan(7).seconds for at, _ in moments)
    assert moments == sorted(moments)


def test_what_was_accepted_and_never_ended_is_lost() -> None:
    found = count({1: 10.0, 2: 11.0, 3: 12.0}, {1: 10.5, 2: 15.0}, [1, 2], [1, 2], 4, 1)
    assert (found.accepted, found.refused, found.lost, found.gave_up) == (3, 4, 1, 1)
    assert found.ended_after is None
    assert (found.slowest, found.median) == (4.0, 2.25)


def test_what_ran_or_was_written_more_than_once_is_counted_once_and_only_if_it_was_accepted() -> None:
    found = count({1: 10.0, 2: 11.0}, {1: 10.5, 2: 15.0, 9: 15.0}, [1, 1, 1, 2, 9, 9], [1, 2, 9, 9], 0, None)
    assert (found.lost, found.run_twice, found.effect_twice) == (0, 1, 0)
    assert found.ended_after == 4.0


def test_nothing_accepted_is_no_error() -> None:
    found = count({}, {}, [], [], 7, None)
    assert (found.accepted, found.refused, found.ended_after, found.slowest) == (0, 7, 0.0, 0.0)


def test_several_runs_are_told_as_sums_and_the_worst() -> None:
    worse = Outcome(50, 0, 1, 0, 0, 0, None, 30.0, 0.04)
    both = merged([OUTCOME, worse])
    assert (both.accepted, both.lost, both.run_twice, both.ended_after, both.slowest) == (150, 1, 3, None, 30.0)
    assert merged([OUTCOME, OUTCOME]).ended_after == 4.5


def test_the_best_of_a_column_is_bold_and_a_lack_is_a_dash() -> None:
    rounds = {
        BASELINE: [{"enqueue": 200.0, "drain": 400.0, "both": 10.0, "worker": 0.5, "mysql": 0.5, "broker": 0.5}],
        "huey": [{"enqueue": 100.0, "drain": 800.0, "both": 5.0, "p50": 6.5, "p99": 9.0, "worker": 1.0, "mysql": 0.1,
                  "broker": 0.2}],
    }  # fmt: skip
    batch, huey = tables.speed(rounds).splitlines()[2:]
    assert "**200** (200–200) | 400 (400–400)" in batch
    assert "| – | – |" in batch
    assert "100 (100–100) | **800** (800–800)" in huey
    assert "**6.50** (6.50–6.50)" in huey
    assert tables.against(rounds).splitlines()[3].startswith("| huey, 2 processes | 0.5 | 2.00 | 0.5 |")
    assert tables.against({"huey": rounds["huey"]}) == ""


def test_a_loss_is_told_as_plainly_as_a_win() -> None:
    lost = Outcome(100, 0, 5, None, 0, 0, None, 9.0, 0.02)
    head, _, ours, theirs = tables.killed({"abacus": OUTCOME, "dramatiq": lost}).splitlines()
    assert "**lost**" in head
    assert "| 100 | 2 | 0 | 0 | 3 | 1 | 4.50 | 9.25 | 0.02 |" in ours
    assert "| 100 | 0 | 5 | – | 0 | 0 | not all, 90 s of quiet |" in theirs


@pytest.mark.parametrize(
    ("line", "code"), [("x = 1", True), ("", False), ("# why", False), ('"""What."""', False), ("started(1)", False)]
)
def test_blank_lines_and_words_are_no_code(line: str, code: bool) -> None:
    assert counts(line) is code


def test_a_batch_and_single_tasks_are_two_files_of_one_setup() -> None:
    assert [path.name for path in files(RIVALS[BASELINE])] == ["__init__.py", "batch.py", "models.py", "settings.py"]
    assert "tasks.py" in [path.name for path in files(RIVALS["abacus"])]
    assert lines(RIVALS["abacus"]) < 40


def test_an_unknown_name_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--only", "abacus,sidekiq"])
    assert "there is no sidekiq; choose from abacus_batch, abacus, " in capsys.readouterr().err


def test_a_given_seed_is_kept_and_who_is_named_is_killed() -> None:
    assert arguments(["--seed", "0"]).seed == 0
    assert arguments([]).killed == list(KILLED)
    assert arguments(["--only", "huey,abacus_batch"]).killed == ["huey"]
    assert arguments(["--kill"]).parts == {"kill"}
    assert arguments([]).parts == {"speed", "kill"}


def test_it_is_told_by_which_pages_each_is_set_up() -> None:
    assert tables.pages(["huey"]) == "- huey, 2 processes: https://huey.readthedocs.io/en/latest/django.html"
