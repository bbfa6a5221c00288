"""Calls /echo.Echo at an address, as a host, trusting a file; prints one line of JSON for each case."""

import json
import queue
import sys

import grpc

address, host, trusted = sys.argv[1:]
with open(trusted, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
channel = grpc.secure_channel(
    address,
    credentials,
    options=[
        ("grpc.ssl_target_name_override", host),
        ("grpc.default_authority", host),
        ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ],
)
SECONDS = 20


def told(case, **found):
    print(json.dumps({"case": case, **found}), flush=True)


say = channel.unary_unary("/echo.Echo/Say")
answer, call = say.with_call(b"hello", timeout=SECONDS)
told(
    "unary",
    answer=answer.decode(),
    initial=dict(call.initial_metadata()).get("x-initial"),
    trailing=dict(call.trailing_metadata()).get("x-trailing"),
)

try:
    say(b"hello", timeout=SECONDS, metadata=(("x-fail", "x"),))
except grpc.RpcError as error:
    detail = dict(error.trailing_metadata()).get("x-detail-bin")
    told("failed", code=error.code().name, details=error.details(), detail=detail.hex())

large = bytes(8 * 1024 * 1024)
told("large", same=say(large, timeout=SECONDS) == large)

count = channel.unary_stream("/echo.Echo/Count")
told("server stream", last=[m.decode() for m in count(b"1000", timeout=SECONDS)][-1])

join = channel.stream_unary("/echo.Echo/Join")
told("client stream", answer=join(iter([b"a", b"b", b"c"]), timeout=SECONDS).decode())

words = queue.Queue()
talk = channel.stream_stream("/echo.Echo/Talk")(iter(words.get, None), timeout=SECONDS)
heard = []
for word in (b"one", b"two", b"three"):
    words.put(word)
    heard.append(next(talk).decode())
words.put(None)
told("both ways", heard=heard, rest=len(list(talk)), code=talk.code().name)

try:
    channel.unary_unary("/echo.Echo/Wait")(b"", timeout=0.5)
except grpc.RpcError as error:
    told("deadline", code=error.code().name)

try:
    channel.unary_unary("/echo.Echo/None")(b"", timeout=SECONDS)
except grpc.RpcError as error:
    told("unknown", code=error.code().name)
