"""Stands in for the package `openai` where it is not installed: as much of it as tool_loop.py uses, over HTTP alone."""

import json
import os
import urllib.request


class Fields:
    def __init__(self, fields):
        self._fields = fields

    def __getattr__(self, name):
        return wrap(self._fields.get(name))

    def model_dump(self, exclude_none=False):
        return {key: value for key, value in self._fields.items() if not (exclude_none and value is None)}

    @property
    def output_text(self):
        return "".join(part.text for item in self.output if item.type == "message" for part in item.content)


def wrap(value):
    if isinstance(value, list):
        return [wrap(one) for one in value]
    return Fields(value) if isinstance(value, dict) else value


class Endpoint:
    def __init__(self, path):
        self._path = path

    def create(self, **body):
        request = urllib.request.Request(
            os.environ["OPENAI_BASE_URL"] + self._path,
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return wrap(json.load(response))


class OpenAI:
    def __init__(self):
        self.responses = Endpoint("/responses")
        self.chat = type("Chat", (), {"completions": Endpoint("/chat/completions")})
