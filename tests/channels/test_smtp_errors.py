import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.channels.smtp.errors import BASIC, BY_SUBJECT, ENHANCED, OTHERWISE, Stage, meaning_of, refused
from scheduler.errors import ErrorKind

_K = ErrorKind


@pytest.mark.parametrize(
    ("code", "enhanced", "stage", "kind"),
    [
        *(
            (550, enhanced, Stage.RECIPIENT, _K.PERMANENT)
            for enhanced in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
        ),
        (550, "5.2.1", Stage.RECIPIENT, _K.PERMANENT),
        (550, "5.4.4", Stage.RECIPIENT, _K.PERMANENT),
        (552, "5.2.2", Stage.RECIPIENT, _K.TRANSIENT),
        (552, "5.2.2", Stage.CONTENT, _K.TRANSIENT),
        (552, "5.2.3", Stage.CONTENT, _K.CONTENT),
        (552, "5.3.4", Stage.SENDER, _K.CONTENT),
        (550, "5.1.8", Stage.SENDER, _K.CONFIGURATION),
        (553, "5.1.7", Stage.SENDER, _K.CONFIGURATION),
        *((550, f"5.7.{n}", Stage.CONTENT, _K.CONFIGURATION) for n in range(20, 28)),
        (550, "5.7.28", Stage.CONTENT, _K.CONTENT),
        (550, "5.7.1", Stage.CONTENT, _K.CONTENT),
        (554, "5.7.1", Stage.RECIPIENT, _K.CONFIGURATION),
        (550, "5.7.1", Stage.SENDER, _K.CONFIGURATION),
        (554, "5.7.1", Stage.CONNECT, _K.CONFIGURATION),
        (554, "5.6.0", Stage.CONTENT, _K.CONTENT),
        (503, "5.5.1", Stage.RECIPIENT, _K.CONFIGURATION),
        (535, "5.7.8", Stage.CONNECT, _K.CONFIGURATION),
        (535, "", Stage.CONNECT, _K.CONFIGURATION),
        (530, "5.7.0", Stage.RECIPIENT, _K.CONFIGURATION),
        (454, "", Stage.CONNECT, _K.TRANSIENT),
        *((code, "", stage, _K.TRANSIENT) for code in (421, 450, 451, 452) for stage in Stage),
        *((code, "", stage, _K.CONFIGURATION) for code in (500, 501, 502, 503, 504, 555) for stage in Stage),
        (550, "", Stage.RECIPIENT, _K.PERMANENT),
        (551, "", Stage.RECIPIENT, _K.PERMANENT),
        (553, "", Stage.RECIPIENT, _K.PERMANENT),
        (554, "", Stage.RECIPIENT, _K.PERMANENT),
        (550, "", Stage.SENDER, _K.CONFIGURATION),
        (553, "", Stage.SENDER, _K.CONFIGURATION),
        (550, "", Stage.CONTENT, _K.CONTENT),
        (554, "", Stage.CONTENT, _K.CONTENT),
        (552, "", Stage.RECIPIENT, _K.TRANSIENT),
        (552, "", Stage.CONTENT, _K.CONTENT),
        (554, "", Stage.CONNECT, _K.CONFIGURATION),
        (-1, "", Stage.CONNECT, _K.TRANSIENT),
    ],
)
def test_each_code_means_what_it_says_at_its_stage(code: int, enhanced: str, stage: Stage, kind: ErrorKind) -> None:
    assert meaning_of(code, enhanced, stage).kind is kind


def test_the_words_are_short_lines_that_blame_no_one() -> None:
    by_stage = [*BY_SUBJECT.values(), *BASIC.values(), OTHERWISE]
    for meaning in [*ENHANCED.values(), *(meaning for table in by_stage for meaning in table.values())]:
        assert 0 < len(meaning.words) < 90
        assert "\n" not in meaning.words


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        (550, "5.1.1 <anna@patients.example> unknown", "550 5.1.1"),
        (550, " 5.1.1 unknown", "550 5.1.1"),
        (550, "5.1.1\nmore", "550 5.1.1"),
        (550, "no enhanced code but 5.1.1 later", "550"),
        (550, "5.1.1234 looks like one", "550"),
        (450, "5.1.1 contradicts itself", "450"),
    ],
)
def test_the_code_is_kept_and_the_text_is_not(code: int, text: str, shown: str) -> None:
    error = refused(code, text, Stage.RECIPIENT)
    assert error.code == shown
    assert "anna" not in str(error)


def test_a_full_mailbox_is_tried_again_after_an_hour_at_least() -> None:
    assert refused(552, "5.2.2 full", Stage.RECIPIENT).retry_after == 3600


@given(code=st.integers(-1, 999), text=st.text(), stage=st.sampled_from(Stage))
def test_any_reply_has_a_meaning_and_is_never_taken_for_unknown(code: int, text: str, stage: Stage) -> None:
    error = refused(code, text, stage)
    assert error.kind in (_K.TRANSIENT, _K.PERMANENT, _K.CONTENT, _K.CONFIGURATION)
    assert (error.kind is _K.TRANSIENT) or 500 <= code <= 599
