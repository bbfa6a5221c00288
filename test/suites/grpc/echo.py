"""A server of gRPC with the methods of /echo.Echo; prints its port, then `cancelled` for each call that is."""

from concurrent import futures
import threading

import grpc


def same(message):
    return message


def say(message, context):
    for key, value in context.invocation_metadata():
        if key == "x-fail":
            context.set_trailing_metadata((("x-detail-bin", b"\x00\x01\xff"),))
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: " + value)
    context.send_initial_metadata((("x-initial", "one"),))
    context.set_trailing_metadata((("x-trailing", "two"),))
    return message


def count(message, _context):
    for number in range(int(message)):
        yield str(number).encode()


def join(messages, _context):
    return b" ".join(messages)


def talk(messages, _context):
    for message in messages:
        yield message + b"!"


def wait(_message, context):
    over = threading.Event()
    context.add_callback(over.set)
    over.wait()
    print("cancelled", flush=True)
    return b""


METHODS = {
    "Say": grpc.unary_unary_rpc_method_handler(say, same, same),
    "Wait": grpc.unary_unary_rpc_method_handler(wait, same, same),
    "Count": grpc.unary_stream_rpc_method_handler(count, same, same),
    "Join": grpc.stream_unary_rpc_method_handler(join, same, same),
    "Talk": grpc.stream_stream_rpc_method_handler(talk, same, same),
}

server = grpc.server(
    futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)]
)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", METHODS),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
