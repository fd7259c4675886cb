"""The tool loop with OpenAI's SDK for Python, in both of its APIs:

    pip install openai
    python tool_loop.py chat|responses "What is 2 + 40?"

MCPGW_WORKSPACE and MCPGW_TOKEN say where the tools are, OPENAI_API_KEY and OPENAI_MODEL which model uses them.
"""

import json
import os
import sys
import urllib.request

from openai import OpenAI

MAX_TURNS = 20
MODEL = os.environ.get("OPENAI_MODEL", "gpt-5.1")
client = OpenAI()


def workspace(path, body=None):
    request = urllib.request.Request(
        f"{os.environ['MCPGW_WORKSPACE']}/openai/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {os.environ['MCPGW_TOKEN']}",
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def ask_in_chat(question):
    tools = workspace("tools?format=chat")["tools"]
    messages = [{"role": "user", "content": question}]
    for _ in range(MAX_TURNS):
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=tools)
        message = answer.choices[0].message
        if not message.tool_calls:
            return message.content
        said = message.model_dump(exclude_none=True)
        # All calls at once; each result comes back in its place, errors too.
        results = workspace("calls", {"tool_calls": said["tool_calls"]})
        messages += [said, *results["messages"]]
    raise SystemExit(f"No answer within {MAX_TURNS} turns.")


def ask_in_responses(question):
    tools = workspace("tools?format=responses")["tools"]
    items = [{"role": "user", "content": question}]
    for _ in range(MAX_TURNS):
        response = client.responses.create(model=MODEL, input=items, tools=tools)
        output = [item.model_dump(exclude_none=True) for item in response.output]
        if not any(item["type"] == "function_call" for item in output):
            return response.output_text
        results = workspace("calls", {"output": output})
        items += [*output, *results["input"]]
    raise SystemExit(f"No answer within {MAX_TURNS} turns.")


if __name__ == "__main__":
    api = sys.argv[1] if len(sys.argv) > 1 else "chat"
    question = sys.argv[2] if len(sys.argv) > 2 else "What is 2 + 40?"
    print(ask_in_responses(question) if api == "responses" else ask_in_chat(question))
