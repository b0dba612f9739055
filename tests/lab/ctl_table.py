# SPDX-License-Identifier: BSD-2-Clause
"""The table of mip6ctl's commands and options, as src/mip6ctl/commands.c has it, and which of
them a scenario has tried; and the JSON they print, held against its schema (outside the lab)."""
import copy
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "../../src/mip6ctl/commands.c")
SCHEMA = os.path.join(HERE, "../../doc/schema/mip6ctl.json")
TEXT = ""                       # in place of an option: the plain text
# What needs several uplinks has a scenario and a file of its own.
WITH_PATHS, OF_PATHS = ("path ", "flow ", "wait path"), "mip6ctl-paths.jsonl"


def _read():
    with open(TABLE) as f:
        source = f.read()
    rows = source.split("cmd_table[] = {", 1)[1].split("\n};", 1)[0]
    found = re.findall(r'\{ "([a-z-]+)", (?:NULL|"([a-z-]+)"), (?:true|false), (.*?)\bcmd_\w+ \},',
                       rows, re.S)
    # behind the arguments there are two texts: options and help
    commands = {f"{name} {sub}".strip(): re.findall(r'"((?:[^"\\]|\\.)*)"', rest)[-2]
                for name, sub, rest in found}
    assert len(commands) == len(re.findall(r"\bcmd_\w+ \},", rows))
    opts = source.split("cmd_opt[] = {", 1)[1].split("\n};", 1)[0]
    options = {c: (name, arg and arg.strip('"')) for c, name, arg in re.findall(
        r"\{ '(.)', \"([a-z0-9-]+)\", (?:NULL|(\"[^\"]*\")), ", opts)}
    return commands, options


COMMANDS, OPTIONS = _read()     # "binding list": "jpod"; "w": ("write", "file")


def said(words):
    """What a command line means: the command and the letters of its options."""
    longs = {name: c for c, (name, _arg) in OPTIONS.items()}
    letters, plain, words = set(), [], list(words)
    while words:
        w = words.pop(0)
        if w.startswith("--"):
            name, has, _value = w[2:].partition("=")
            c = longs[name]
            letters.add(c)
            if OPTIONS[c][1] and not OPTIONS[c][1].startswith("[") and not has:
                words.pop(0)
        elif w.startswith("-") and w != "-":
            for i, c in enumerate(w[1:], 2):
                letters.add(c)
                arg = OPTIONS[c][1]
                if arg and not arg.startswith("[") and i == len(w):
                    words.pop(0)
                if arg:
                    break
        else:
            plain.append(w)
    return command(plain), letters


def command(plain):
    """The full name, as mip6ctl finds it."""
    if not plain:
        return "status"
    rows = [c for c in COMMANDS if c.split()[0].startswith(plain[0])]
    rows = [c for c in rows if c.split()[0] == plain[0]] or rows
    subs = [c for c in rows if len(plain) > 1 and " " in c and c.split()[1].startswith(plain[1])]
    if subs:
        return next((c for c in subs if c.split()[1] == plain[1]), subs[0])
    if len(plain) > 1:          # an address: all of that one
        return next((c for c in rows if c.endswith(" show")), rows[0])
    return rows[0]


class Tried:
    """Command lines that were run against a daemon, and the JSON that was printed."""

    def __init__(self, path):
        self.done, self.path = set(), path

    def add(self, words):
        name, letters = said(words)
        letters |= {"j"} if "p" in letters else set()
        self.done |= {(name, c) for c in letters} or {(name, TEXT)}
        if not letters & set("jp"):
            self.done.add((name, TEXT))

    def missing(self):
        """(command, option) of the table that nothing has run."""
        wanted = {(name, c) for name, opts in COMMANDS.items() for c in [TEXT, *opts]}
        return sorted(wanted - self.done)

    def printed(self, name, value):
        with open(self.path, "a") as f:
            f.write(json.dumps([name, value]) + "\n")


# ---- outside ----

def closed(s):
    """Nothing but what the schema names."""
    if isinstance(s, dict):
        out = {k: closed(v) for k, v in s.items()}
        if s.get("type") == "object" and isinstance(s.get("properties"), dict):
            out.setdefault("additionalProperties", False)
            out["properties"] = {k: closed(v) for k, v in s["properties"].items()}
        return out
    return [closed(x) for x in s] if isinstance(s, list) else s


def faults(path):
    """What of the printed JSON is not as the schema says; and which commands printed none."""
    import jsonschema
    with open(SCHEMA) as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    schema = closed(copy.deepcopy(schema))
    wrong, seen = [], set()
    with open(path) as f:
        for name, value in map(json.loads, f):
            seen.add(name)
            one = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/mip6ctl {name}"})
            wrong += [f"mip6ctl -j {name}: {e.json_path}: {e.message[:200]}"
                      for e in one.iter_errors(value)]
    never = {name for name, opts in COMMANDS.items() if "j" in opts and
             name.startswith(WITH_PATHS) == path.endswith(OF_PATHS)} - seen
    return wrong + [f"mip6ctl -j {name}: nothing printed it" for name in sorted(never)]
