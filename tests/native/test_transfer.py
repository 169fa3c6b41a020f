"""Replies of the real engine, exported with what is known of their tokens, imported, and exported again."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from command_line import run

FIXED = ("--max-tokens", "12", "--seed", "1", "--ignore-eos", "--logprobs", "3")


def test_replies_come_back_with_all_that_is_known_of_their_tokens(tiny_model: Path, tmp_path: Path) -> None:
    for words in ("Hi", "And you?"):
        assert run("ask", "-m", tiny_model, words, "--continue" if words != "Hi" else "--json", *FIXED).code == 0
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert run("history", "export", "--all", "--tokens", "-o", first).code == 0
    (talk,) = json.loads(first.read_text())["conversations"]
    assert [len(message["tokens"]["logprobs"]) for message in talk["messages"][1::2]] == [12, 12]
    assert len(talk["setups"]) == 1
    elsewhere = str(tmp_path / "elsewhere")
    assert run("history", "import", first, CHATAPP_HOME=elsewhere).out.startswith("1 conversation with 4 messages")
    assert run("history", "export", "--all", "--tokens", "-o", second, CHATAPP_HOME=elsewhere).code == 0
    assert first.read_bytes() == second.read_bytes()
    going_on = run("ask", "-m", tiny_model, "More", "--continue", *FIXED, CHATAPP_HOME=elsewhere)
    assert going_on.code == 0, going_on.err


def test_tokens_of_a_page_spell_the_reply(tiny_model: Path, tmp_path: Path) -> None:
    reply = json.loads(run("ask", "-m", tiny_model, "Hi", "--json", *FIXED).out)
    page = tmp_path / "page.html"
    assert "not at hand" in run("history", "export", "1", "--tokens", "-o", page).err
    assert "data-p=" not in page.read_text()
    done = run("history", "export", "1", "--tokens", "-m", tiny_model, "-o", page, "--force")
    assert done.code == 0 and "not at hand" not in done.err, done.err
    article = page.read_text().split('<article class="assistant"')[1]
    (said,) = re.findall('<div class="text">(.*?)</div>', article, re.DOTALL)
    spans = re.findall(r'<span class="p\d" data-p="[\d.]+" title="([^"]*)">(.*?)</span>', said, re.DOTALL)
    assert spans and all("rank" in figures for figures, _ in spans)
    assert html.unescape(re.sub("<[^>]*>", "", said)).strip() != ""
    stored = json.loads(run("history", "show", "1", "--json").out)["messages"][1]
    assert len(spans) <= len(stored["generation"]["token_ids"]) and reply
