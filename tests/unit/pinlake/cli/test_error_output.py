"""An error of Pinlake is one line on standard error, whatever text is in it, and an exit code."""

from __future__ import annotations

import io

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import ConfigurationError, PinlakeError, TerminalError, TransientError, UsageError
from pinlake.cli import error_output

# One line of printable text.
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=80)


@pytest.mark.parametrize(
    ("kind", "code"), [(UsageError, 2), (ConfigurationError, 1), (TerminalError, 1), (TransientError, 1)]
)
def test_only_a_usage_error_ends_with_code_2(
    kind: type[PinlakeError], code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["pinlake"])
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise kind("it broke", where="here", hint="Fix it.")

    with pytest.raises(SystemExit) as ended:
        error_output.run(app)

    assert (ended.value.code, *capsys.readouterr()) == (code, "", "error: it broke (here). Fix it.\n")


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["pinlake"])
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        error_output.run(app)


@given(TEXT)
def test_text_that_looks_like_markup_is_printed_as_it_is(text: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        error_output.print_error(UsageError(f"no table [red]{text}[/]", where="[/x]", hint=":smile:"))

    assert stream.getvalue() == f"error: no table [red]{text}[/] ([/x]). :smile:\n"
