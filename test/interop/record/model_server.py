"""A scripted model on loopback that speaks OpenAI's chat completions. The model's name is its script."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_calls: dict[str, int] = {}


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        script = request.get("model", "text").split("/")[-1]
        _calls[script] = _calls.get(script, 0) + 1
        if script == "no-key":
            return self._send(401, {"error": {"message": "Incorrect API key provided: sk-none", "code": "invalid_api_key"}})
        if script == "busy-once" and _calls[script] == 1:
            return self._send(429, {"error": {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"}})
        tools = {tool["function"]["name"]: tool for tool in request.get("tools") or []}
        # Behind the system's and the user's message.
        has_result = "Error:" in str(request["messages"][-1]["content"]) or len(request["messages"]) > 2 or any(message["role"] == "tool" for message in request["messages"])
        # Smolagents ends a run by a tool.
        if "final_answer" in tools and (has_result or script == "text") and script != "loop":
            return self._call(request, script, "final_answer", '{"answer": "The order is on its way."}')
        if tools and (script == "loop" or (script.startswith("tool") and not has_result)):
            return self._call(request, script, next(iter(tools)), '{"order": 7}')
        reason = "length" if script == "cut" else "stop"
        content = "The order is on its way."
        if script == "dspy":
            content = f"[[ ## text ## ]]\n{content}\n\n[[ ## completed ## ]]"
        return self._answer(request, {"role": "assistant", "content": content}, reason)

    def _call(self, request, script, tool, arguments):
        call = {"id": f"call_{_calls[script]}", "type": "function", "function": {"name": tool, "arguments": arguments}}
        self._answer(request, {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls")

    def _answer(self, request, message, reason):
        if request.get("stream"):
            return self._stream(message, reason)
        usage = {"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        self._send(200, {"id": "1", "object": "chat.completion", "created": 1, "model": request["model"], "choices": [choice], "usage": usage})

    def _stream(self, message, reason):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        delta = {**message}
        if delta.get("tool_calls"):
            delta["tool_calls"] = [{**call, "index": 0} for call in delta["tool_calls"]]
        for choice in ({"index": 0, "delta": delta, "finish_reason": None}, {"index": 0, "delta": {}, "finish_reason": reason}):
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def start() -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/v1"
