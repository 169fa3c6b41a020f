"""Where chatapp keeps what it keeps.

`CHATAPP_HOME` moves everything below one directory; otherwise each system's own places are used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs


class Paths(msgspec.Struct, frozen=True):
    """The four directories; none of them is created by asking."""

    data: Path
    config: Path
    cache: Path
    state: Path

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Paths:
        """Read them from `CHATAPP_HOME`, else from the system's conventions."""
        home = environment.get("CHATAPP_HOME")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "data", root / "config", root / "cache", root / "state")
        dirs = platformdirs.PlatformDirs("chatapp", appauthor=False)
        return cls(
            Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_cache_dir), Path(dirs.user_state_dir)
        )

    @property
    def database(self) -> Path:
        """Conversations, messages and generations."""
        return self.data / "chatapp.db"

    @property
    def models(self) -> Path:
        """GGUF files that are chatapp's own."""
        return self.data / "models"

    @property
    def config_file(self) -> Path:
        """Settings that people edit."""
        return self.config / "config.toml"

    @property
    def keymap_file(self) -> Path:
        """Keys that people bind anew."""
        return self.config / "keymap.toml"

    @property
    def themes(self) -> Path:
        """Themes that people wrote."""
        return self.config / "themes"

    @property
    def presets(self) -> Path:
        """Presets that people wrote."""
        return self.config / "presets"

    @property
    def prompts(self) -> Path:
        """Prompts that people wrote."""
        return self.config / "prompts"

    @property
    def logs(self) -> Path:
        """Logs, without any text of messages."""
        return self.state / "logs"

    @property
    def backups(self) -> Path:
        """Backups of the database."""
        return self.state / "backups"

    @property
    def snapshots(self) -> Path:
        """What models computed of conversations; safe to delete."""
        return self.cache / "snapshots"

    @property
    def holdings(self) -> Path:
        """Records of the models that are in memory now."""
        return self.state / "loaded"

    @property
    def history_file(self) -> Path:
        """What was typed before, for recall in the composer."""
        return self.state / "input-history.jsonl"


def ensure_private_directory(path: Path) -> Path:
    """Create `path` and the parents that are missing, readable by their owner alone (mode 0700 where modes exist)."""
    for missing in reversed([directory for directory in path.parents if not directory.exists()]):
        missing.mkdir(exist_ok=True, mode=0o700)
    path.mkdir(exist_ok=True, mode=0o700)
    return path
