"""What Flask compiles, kept: tests make thousands of programs, which mostly do this at their start.

Templates and routes are compiled from the same sources each time.  Here each template is compiled
once in a run, also by programs in processes of their own, and each builder of addresses when the
first address is built.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

FOLDER = "TIEPDON_TESTS_COMPILED"  # the variable that names the folder of a run
Builder = Callable[..., tuple[str, str]]
_BUILDERS: dict[tuple[object, ...], Builder] = {}


class CompiledTemplates(FileSystemBytecodeCache):
    """What was compiled of templates: in memory, and in a folder for other processes."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template's code, if it is there and its source is the same."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])
            return
        super().load_bytecode(bucket)
        if bucket.code is not None:
            self._code[bucket.key] = bucket.bytecode_to_string()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template's code."""
        self._code[bucket.key] = bucket.bytecode_to_string()
        super().dump_bytecode(bucket)


class LateRule(Rule):
    """A route whose two builders of addresses are compiled when they are first needed."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_now = super()._compile_builder
        defaults = tuple(sorted((self.defaults or {}).items()))
        key = (self.host, self.subdomain, self.rule, defaults, append_unknown)

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            # What is compiled reads all else from the rule that it is called with.
            if key not in _BUILDERS:
                _BUILDERS[key] = compile_now(append_unknown)
            return _BUILDERS[key](rule, **values)

        return build


def make_folder() -> str:
    """Make the folder of this run; return it, or nothing if a process before has made it."""
    if FOLDER in os.environ:
        return ""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="compiled-")
    return os.environ[FOLDER]


def remove_folder(folder: str) -> None:
    """Remove the folder that `make_folder` returned, if it did."""
    if folder:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def keep_compiled() -> None:
    """Let every program of this process keep what is compiled."""
    flask.Flask.url_rule_class = LateRule
    if FOLDER in os.environ:
        cache = CompiledTemplates(os.environ[FOLDER])
        flask.Flask.jinja_options = {"bytecode_cache": cache}
