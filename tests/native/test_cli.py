"""The real command with the real engine: what it writes, how it ends, and what it says of bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command_line import COMMAND, Done, Terminal, run, start

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals are POSIX")
unprivileged = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="whoever may write everywhere is never refused"
)
FIXED = ("--seed", "1", "--ignore-eos", "--max-new-tokens", "12")


@pytest.fixture
def ask(tiny_model: Path) -> Callable[..., Done]:
    """`chatapp ask` of the tiny model, with a fixed seed and twelve tokens."""

    def asked(*arguments: str, stdin: str | bytes = b"", model: Path = tiny_model) -> Done:
        return run("ask", "-m", model, *FIXED, *arguments, stdin=stdin)

    return asked


def test_ask_writes_the_reply_alone_and_keeps_it(ask: Callable[..., Done]) -> None:
    done = ask("Hello")
    assert done.code == 0
    assert done.out
    assert "not whole: cut at max_new_tokens" in done.err
    shown = json.loads(run("history", "show", "--json").out)
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"]
    assert shown["messages"][1]["parts"][0]["text"] == done.out.removesuffix("\n")
    assert shown["messages"][1]["generation"]["seed"] == 1


def test_ask_says_the_same_again_with_the_same_seed(ask: Callable[..., Done]) -> None:
    assert ask("Hello").out == ask("Hello").out != ask("Hello", "--seed", "2").out


def test_argument_and_standard_input_are_one_prompt(ask: Callable[..., Done]) -> None:
    whole = json.loads(ask("Sum up:", "--json", stdin="a text\n").out)
    assert "user\nSum up:\n\na text<|im_end|>" in whole["prompt"]
    piped = json.loads(ask("--json", stdin="\ufeffa text\n").out)
    assert "user\na text<|im_end|>" in piped["prompt"]


def test_json_has_every_documented_field(ask: Callable[..., Done], tiny_model: Path) -> None:
    result = json.loads(ask("Hi", "--json", "--system", "Be brief.", "--temperature", "0.5").out)
    assert result["stop_reason"] == "max_new_tokens"
    assert result["counts"]["prompt"] == result["counts"]["cached"] + result["counts"]["processed"] > 0
    assert result["counts"]["reply"] == 12
    assert result["timings"]["first_token_s"] > 0
    assert result["seed"] == 1
    assert result["model"]["path"] == str(tiny_model)
    assert result["model"]["device"].startswith(("cpu", "cuda", "metal", "vulkan"))
    assert {"name": "temperature", "value": 0.5, "source": "edit", "moot": ""} in result["settings"]
    assert result["prompt"].startswith("<|im_start|>system\nBe brief.<|im_end|>")
    assert result["conversation_id"] is not None
    assert result["message_id"] is not None


def test_continue_goes_on_with_the_last_conversation(ask: Callable[..., Done]) -> None:
    first = json.loads(ask("One", "--json", "--system", "Be brief.", "--top-k", "5").out)
    second = json.loads(
        run("ask", "--continue", "Two", "-m", first["model"]["path"], "--json", "--max-tokens", "3").out
    )
    assert second["conversation_id"] == first["conversation_id"]
    assert "Be brief." in second["prompt"]
    assert "One" in second["prompt"]
    assert {"name": "top_k", "value": 5, "source": "edit", "moot": ""} in second["settings"]


def test_continue_without_a_conversation_is_an_error(ask: Callable[..., Done]) -> None:
    assert ask("Hi", "--continue").code == 2


def test_incognito_leaves_nothing_behind(ask: Callable[..., Done], home: Path) -> None:
    done = ask("Hello", "--incognito", "--json")
    assert done.code == 0
    assert json.loads(done.out)["conversation_id"] is None
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_raw_is_the_prompt_as_it_is_and_echo_repeats_it(ask: Callable[..., Done]) -> None:
    result = json.loads(ask("<|im_start|>user\nHi", "--raw", "--json").out)
    assert result["prompt"] == "<|im_start|>user\nHi"
    # Two control tokens would be counted as text otherwise: BOS, <|im_start|>, then eight characters.
    assert result["counts"]["prompt"] == 1 + 1 + len("user\nHi")
    plain, echoed = ask("Once", "--raw"), ask("Once", "--raw", "--echo")
    assert echoed.out == "Once" + plain.out


def test_control_tokens_in_a_message_are_text(ask: Callable[..., Done]) -> None:
    ordinary = json.loads(ask("x", "--json").out)["counts"]["prompt"]
    hostile = json.loads(ask("<|im_end|>", "--json").out)["counts"]["prompt"]
    assert hostile == ordinary - 1 + len("<|im_end|>")


def test_prefill_and_escapes(ask: Callable[..., Done]) -> None:
    result = json.loads(ask(r"a\nb\\n", "--escapes", "--prefill", r"Sure\t", "--json").out)
    assert "user\na\nb\\n<|im_end|>" in result["prompt"]
    assert result["prompt"].endswith("assistant\nSure\t")
    assert result["text"].startswith("Sure\t")
    assert ask("Hi", "--prefill", "Sure").out.startswith("Sure")


def test_a_stop_text_is_removed(ask: Callable[..., Done]) -> None:
    whole = json.loads(ask("Hi", "--json").out)["text"]
    mark = next(character for character in whole if character.isascii())
    result = json.loads(ask("Hi", "--json", "--stop", mark).out)
    assert (result["stop_reason"], result["stop_text"]) == ("stop_text", mark)
    assert result["text"] == whole[: whole.index(mark)]


def test_verbose_narrates_on_standard_error(ask: Callable[..., Done]) -> None:
    done = ask("Hi", "-v")
    assert done.out == ask("Hi").out
    for said in ("model: tiny on", "temperature = 0.8 [default]", "seed = 1 [edit]", "tokens/s", "computed in"):
        assert said in done.err


def test_the_model_speaks_through_its_own_sampling(make_model: Callable[..., Path]) -> None:
    model = make_model(sampling={"temp": 0.25})
    done = run("ask", "-m", model, "Hi", "--json", "--max-tokens", "2")
    assert {"name": "temperature", "value": 0.25, "source": "model", "moot": ""} in json.loads(done.out)["settings"]


def test_template_variables_reach_the_template(make_model: Callable[..., Path]) -> None:
    model = make_model(template="{{ mood }}{% for m in messages %}{{ m.content }}{% endfor %}")
    done = run("ask", "-m", model, "Hi", "--json", "--max-tokens", "2", "--template-var", "mood=gay ")
    assert json.loads(done.out)["prompt"] == "gay Hi"


def bad(done: Done, code: int, *said: str) -> None:
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.startswith("chatapp: ")
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) >= 3, "title, message and hint"
    for words in said:
        assert words in done.err


def test_an_empty_prompt(ask: Callable[..., Done]) -> None:
    bad(ask(), 2, "Empty prompt")
    bad(ask(" \n"), 2, "Empty prompt")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--temperature", "warm"), "temperature"),
        (("--temperature", "-0.1"), "0 to 100"),
        (("--top-k", "1.5"), "whole numbers"),
        (("--stop", ""), "stop"),
        (("--stop-token-ids", "a"), "stop_token_ids"),
        (("--tempreature", "1"), "--temperature"),
        (("--template-var", "x"), "NAME=VALUE"),
        (("--raw", "--system", "x"), "--raw"),
        (("--echo",), "--raw"),
    ],
)
def test_a_bad_option(ask: Callable[..., Done], arguments: tuple[str, ...], said: str) -> None:
    bad(ask("Hi", *arguments), 2, said)


def test_a_bad_command() -> None:
    bad(run("asq"), 2, "ask")
    bad(run("history", "lst"), 2, "list")


def test_a_missing_model(tmp_path: Path) -> None:
    bad(run("ask", "-m", tmp_path / "none.gguf", "Hi"), 4, "none.gguf")
    bad(run("ask", "-m", "nonesuch", "Hi"), 4, "nonesuch", "models list")


def test_a_foreign_model(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "hf"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(100))
    bad(run("ask", "-m", folder, "Hi"), 4, "safetensors folder", "GGUF")
    page = tmp_path / "page.gguf"
    page.write_text("<!DOCTYPE html>")
    bad(run("ask", "-m", page, "Hi"), 4, "web page")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny_model.read_bytes()[:-1000])
    bad(run("ask", "-m", cut, "Hi"), 4, "truncated")
    bad(run("ask", "-m", tmp_path, "Hi"), 4, "cut.gguf")


def test_a_model_without_tokenizer(make_model: Callable[..., Path]) -> None:
    bad(run("ask", "-m", make_model(tokenizer=False), "Hi"), 4, "no tokenizer")


def test_a_model_without_template_completes_raw_text(make_model: Callable[..., Path]) -> None:
    model = make_model(template=None)
    bad(run("ask", "-m", model, "Hi"), 4, "no chat template", "--raw")
    assert run("ask", "-m", model, "Hi", "--raw", "--max-tokens", "3").code == 0


def test_a_template_that_can_not_be(make_model: Callable[..., Path]) -> None:
    bad(run("ask", "-m", make_model(template="{% for %}"), "Hi"), 4, "template")


def test_a_prompt_longer_than_the_context(ask: Callable[..., Done]) -> None:
    bad(ask(stdin="a" * 20_000), 5, "2,048")
    assert "aaa" in run("history", "show").out, "the prompt is kept"


def test_a_broken_config_file_is_told_and_the_rest_works(ask: Callable[..., Done], home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("theme = \nmodel")
    done = ask("Hi")
    assert done.code == 0
    assert "config.toml" in done.err
    checked = run("config", "check")
    bad(checked, 3, "config.toml", "line 1")
    assert file.read_text() == "theme = \nmodel"


def test_a_keymap_with_an_unknown_action_is_told(home: Path) -> None:
    file = home / "config" / "keymap.toml"
    file.parent.mkdir(parents=True)
    file.write_text('send-mesage = "ctrl+y"\n')
    bad(run("config", "check"), 3, "send-mesage", "send-message")


@unprivileged
def test_an_unwritable_data_directory_costs_no_reply(ask: Callable[..., Done], home: Path) -> None:
    home.mkdir()
    home.chmod(0o500)
    try:
        done = ask("Hi")
        assert done.out
        assert done.code == 7
        assert str(home) in done.err
        assert "Traceback" not in done.err
    finally:
        home.chmod(0o700)


def test_a_home_that_is_a_file_costs_no_reply(ask: Callable[..., Done], home: Path) -> None:
    home.write_text("")
    done = ask("Hi")
    assert done.out, done.err
    assert done.code == 7
    assert str(home) in done.err
    assert "Traceback" not in done.err
    assert ask("Hi", "--incognito").code == 0


def test_the_workbench_needs_a_terminal() -> None:
    bad(run(), 8, "terminal", "chatapp chat")


def test_bytes_that_are_no_text_are_told_and_sent(ask: Callable[..., Done]) -> None:
    done = ask(stdin=b"caf\xe9")
    assert done.code == 0
    assert "UTF-8" in done.err


@posix
def test_a_closed_pipe_ends_quietly(slow_model: Path) -> None:
    process = start("ask", "-m", slow_model, "Hi", "--ignore-eos")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(4)
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 141
    assert err == ""
    assert "· stopped" in run("history", "show").out


@posix
def test_a_full_disk_behind_standard_output_is_told(tiny_model: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "ask", "-m", str(tiny_model), "Hi", "--max-tokens", "3"],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@posix
def test_ctrl_c_stops_the_reply_and_keeps_it(slow_model: Path) -> None:
    process = start("ask", "-m", slow_model, "Hi", "--ignore-eos")
    assert process.stdout is not None
    first = process.stdout.read(4)
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "chatapp: stopped; what was written is kept\n"
    shown = json.loads(run("history", "show", "--json").out)
    assert shown["messages"][1]["status"] == "stopped"
    assert shown["messages"][1]["parts"][0]["text"].encode() == (first + rest).removesuffix(b"\n")


@posix
def test_ctrl_c_while_the_model_loads_ends_quietly(slow_model: Path) -> None:
    process = start("ask", "-m", slow_model, "Hi", "--json", "--ignore-eos")
    while not run("history", "list").out:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "chatapp: stopped; what was written is kept\n"
    assert json.loads(out)["stop_reason"] == "stopped"


def test_history_lists_shows_and_searches(ask: Callable[..., Done]) -> None:
    assert run("history", "list") == (0, "", "chatapp: no conversation\n")
    bad(run("history", "show"), 2, "no conversation")
    ask("Where do foxes live?")
    ask("Where do bears sleep?")
    listed = json.loads(run("history", "list", "--json").out)
    assert [item["title"] for item in listed] == ["Where do bears sleep?", "Where do foxes live?"]
    assert "foxes" in run("history", "list", "foxes").out
    assert "bears" not in run("history", "list", "foxes").out
    assert "## user\n\nWhere do foxes live?\n" in run("history", "show", str(listed[1]["id"])).out
    hits = json.loads(run("history", "search", "foxes", "--json").out)
    assert [hit["conversation_id"] for hit in hits] == [listed[1]["id"]]
    assert "foxes" in run("history", "search", "foxes").out
    assert run("history", "search", "unheard") == (1, "", "chatapp: nothing found\n")
    bad(run("history", "show", "99"), 2, "99")


def test_models_are_listed_and_described(tiny_model: Path, home: Path) -> None:
    models = home / "data" / "models"
    models.mkdir(parents=True)
    shutil.copy(tiny_model, models / "Tiny-F32.gguf")
    (models / "broken.gguf").write_bytes(b"GGUF")
    listed = {item["name"]: item for item in json.loads(run("models", "list", "--json").out)}
    assert listed["Tiny-F32"]["architecture"] == "llama"
    assert "truncated" in listed["broken"]["problem"]
    assert "llama, 128K, F32" in run("models", "list").out
    described = json.loads(run("models", "info", "tiny", "--json").out)
    assert described["parameter_count"] > 100_000
    assert described["metadata"]["tokenizer.ggml.tokens"]["length"] == 356 == described["vocabulary_size"]
    assert "trained context: 2,048 tokens" in run("models", "info", "tiny").out
    bad(run("models", "info", "broken"), 4, "truncated")


def test_prompts_are_rendered_exactly(tiny_model: Path, tmp_path: Path) -> None:
    messages, template = tmp_path / "messages.json", tmp_path / "template.jinja"
    messages.write_text('[{"role": "user", "content": "Hi<|im_end|>"}]')
    template.write_text("{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}{{ mood }}")
    done = run(
        "prompts", "render", messages, "--template", template, "--bos", "<s>", "--eos", "</s>", "--var", "mood=x"
    )
    assert done == (0, "<s>Hi<|im_end|></s>x", "")
    rendered = json.loads(run("prompts", "render", messages, "-m", tiny_model, "--json").out)
    assert rendered["prompt"] == "<|im_start|>user\nHi<|im_end|><|im_end|>\n<|im_start|>assistant\n"
    assert [rendered["token_ids"].count(control) for control in (1, 3, 4)] == [1, 2, 1]
    plain = run("prompts", "render", "-", "-m", tiny_model, stdin=messages.read_text())
    assert plain.out == rendered["prompt"]
    assert " ".join(map(str, rendered["token_ids"])) in plain.err
    messages.write_text("[{]")
    bad(run("prompts", "render", messages, "-m", tiny_model), 3, "line 1, column 3")
    bad(run("prompts", "render", messages, "-m", tiny_model, "--template", template), 2, "--template")


def test_config_shows_where_and_what(home: Path) -> None:
    assert json.loads(run("config", "path", "--json").out)["config"] == str(home / "config" / "config.toml")
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("frames_per_second = 5\n")
    shown = run("config", "show").out
    assert "frames_per_second = 5  [config.toml]" in shown
    assert "enter_sends = true  [default]" in shown
    assert run("config", "check").code == 0


def test_the_doctor_finds_what_is_well_and_what_is_not(tiny_model: Path, home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("frames_per_second = 500\n")
    done = run("doctor", "-m", tiny_model, "--json")
    findings = {finding["subject"]: finding for finding in json.loads(done.out)}
    assert done.code == 1
    assert not findings["config.toml"]["is_well"]
    assert "500" in findings["config.toml"]["text"]
    assert findings["trial"]["is_well"], findings["trial"]
    assert "wrote 4 tokens on cpu" in findings["trial"]["text"]
    assert findings["llama.cpp"]["text"]
    assert "full-text search" in findings["sqlite"]["text"]


def test_versions() -> None:
    assert run("--version").out.startswith("chatapp ")


def test_chat_talks_through_a_pipe(tiny_model: Path) -> None:
    lines = (
        "Hello",
        "/set temperature 0",
        '"""two',
        'lines"""',
        "/regenerate",
        "//slash",
        "/system Be brief.",
        "/save A title",
        "/bye",
        "never",
    )
    done = run("chat", "-m", tiny_model, *FIXED, stdin="\n".join(lines) + "\n")
    assert done.code == 0, done.err
    assert "temperature = 0 [edit]" in done.err
    shown = json.loads(run("history", "show", "--json").out)
    assert shown["conversation"]["title"] == "A title"
    assert shown["conversation"]["system_prompt"] == "Be brief."
    texts = [(message["role"], message["parts"][0]["text"]) for message in shown["messages"]]
    assert [text for role, text in texts if role == "user"] == ["Hello", "two\nlines", "/slash"]
    assert shown["messages"][3]["siblings"] == 2
    for role, text in texts:
        assert role == "user" or text in done.out
    assert "never" not in json.dumps(shown)


def test_chat_through_a_pipe_ends_at_the_first_failure(tiny_model: Path) -> None:
    done = run("chat", "-m", tiny_model, *FIXED, stdin="Hello\n/nonesuch\nHello\n")
    assert done.code == 2
    assert "/nonesuch" in done.err
    assert "1 more line was not read" in done.err
    assert len(json.loads(run("history", "show", "--json").out)["messages"]) == 2


def test_a_piped_chat_says_what_it_did_not_read_without_waiting_for_more(tiny_model: Path) -> None:
    done = run("chat", "-m", tiny_model, *FIXED, stdin="/set top_k 5\n/set grammar root ::= yes\nHello\n\nHello\n")
    assert done.code == 2
    assert "the rule 'yes', which it does not define" in done.err
    assert "2 more lines were not read" in done.err
    assert "not read" not in run("chat", "-m", tiny_model, stdin="/nonesuch\n").err
    with subprocess.Popen(
        [*COMMAND, "chat", "-m", tiny_model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"/nonesuch\n")
        process.stdin.flush()
        assert b"what stands behind it was not read" in process.stderr.read()
        assert process.wait() == 2


def test_raw_chat_completes_each_line(tiny_model: Path) -> None:
    assert run("chat", "-m", tiny_model, *FIXED, "--raw", stdin="Once\n").code == 0
    shown = json.loads(run("history", "show", "--json").out)
    assert shown["messages"][1]["generation"]["raw"] is True


@posix
def test_chat_in_a_terminal_stops_goes_on_and_ends(slow_model: Path) -> None:
    with Terminal("chat", "-m", slow_model, "--ignore-eos") as terminal:
        terminal.read_until(lambda came: b">>> " in came)
        terminal.type("Hello\r")
        terminal.read_until(lambda came: len(came) > 40)
        terminal.type("\x03")
        terminal.read_until(lambda came: b"stopped" in came and b">>> " in came)
        terminal.type("half a li")
        terminal.read_until(lambda came: b"li" in came)
        terminal.type("\x03")
        terminal.read_until(lambda came: b"again" in came and b">>> " in came)
        terminal.type("/show top_k\r")
        terminal.read_until(lambda came: b"top_k = 50" in came and b">>> " in came)
        terminal.type("\x04")
        assert terminal.end() == 0
    assert b"Traceback" not in terminal.seen


@posix
def test_nothing_hostile_reaches_the_terminal(make_model: Callable[..., Path]) -> None:
    evil = "\x1b]52;c;QUFB\x07\x1b]8;;http://x\x07\x9b31m\x1b[31m\u202e"
    model = make_model("evil\x1b[31m.gguf", name=evil, template="{{ raise_exception('" + evil + "') }}")
    for arguments in (
        ("ask", "-m", model, evil),
        ("ask", "-m", model, evil, "--raw", "--echo", "--max-tokens", "40", "-v"),
        ("models", "info", model),
        ("history", "list"),
        ("history", "show"),
        ("history", "search", "52"),
    ):
        with Terminal(*arguments) as terminal:
            terminal.end()
        text = terminal.seen.decode("utf-8", "replace")
        assert not set(text) & set("\x1b\x07\x9b\u202e"), (arguments, terminal.seen[-300:])
        assert text.strip()


@posix
def test_resuming_what_is_not_there_is_told(tiny_model: Path) -> None:
    with Terminal("--resume", "99", "-m", tiny_model) as terminal:
        assert terminal.end() == 2
    assert b"99" in terminal.seen
    assert b"Traceback" not in terminal.seen


@posix
def test_the_workbench_opens_shows_its_model_and_leaves(tiny_model: Path) -> None:
    with Terminal("-m", tiny_model) as terminal:
        terminal.read_until(lambda came: b"tiny" in came and b"cpu" in came)
        terminal.type("\x03\x03")
        assert terminal.end() == 0
    assert b"Traceback" not in terminal.seen


@posix
def test_a_set_model_that_is_gone_leaves_the_workbench_or_says_so(tiny_model: Path, home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('model = "/gone.gguf"\n')
    with Terminal() as terminal:
        terminal.read_until(lambda came: b"/gone.gguf" in came)
