#!/bin/sh
# A list and two calls at once with curl alone; MCPGW_WORKSPACE and MCPGW_TOKEN say where.
set -eu

curl -sS --fail-with-body "$MCPGW_WORKSPACE/openai/tools?format=chat&readOnly=true" \
  -H "Authorization: Bearer $MCPGW_TOKEN"
echo

curl -sS --fail-with-body "$MCPGW_WORKSPACE/openai/calls" \
  -H "Authorization: Bearer $MCPGW_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "tool_calls": [
      {"id": "call_1", "type": "function", "function": {"name": "everything__get-sum", "arguments": "{\"a\": 2, \"b\": 40}"}},
      {"id": "call_2", "type": "function", "function": {"name": "everything__echo", "arguments": "{\"message\": \"hello\"}"}}
    ]
  }'
echo

# The same, each result as soon as it is there.
curl -sSN --fail-with-body "$MCPGW_WORKSPACE/openai/calls?stream=true" \
  -H "Authorization: Bearer $MCPGW_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{"tool_calls": [{"id": "call_3", "type": "function", "function": {"name": "everything__echo", "arguments": "{\"message\": \"streamed\"}"}}]}'
