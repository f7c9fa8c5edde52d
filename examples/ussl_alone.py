"""ussl without a board: certificates from a dictionary, a TLS server of the standard library at the other end.

python examples/ussl_alone.py
"""

import socket
import ssl as host_ssl
import threading

import trustme

from ussl_shim import Shim


NAMES = ("ca", "other")


def serve(listener, context):
    """Answer one connection after another with what it says, in capitals."""
    for _ in NAMES:
        raw, _ = listener.accept()
        raw.settimeout(10)
        with raw:
            try:
                with context.wrap_socket(raw, server_side=True) as conn:
                    conn.sendall(conn.recv(100).upper())
            except OSError as error:
                print("server:", getattr(error, "reason", error))


def main():
    ca, stranger = trustme.CA(), trustme.CA()
    context = host_ssl.SSLContext(host_ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = host_ssl.TLSVersion.TLSv1_2  # the board has no TLS 1.3
    # the board takes RSA and EC keys alike; an RSA key has 2048 bits
    ca.issue_cert("device.test", key_type=trustme.KeyType.RSA).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    thread = threading.Thread(target=serve, args=(listener, context))
    thread.start()

    # From here on it reads as on the board. The files are bytes in a dictionary; notes go to any callable.
    files = {"/flash/cert/ca.pem": ca.cert_pem.bytes(), "/flash/cert/other.pem": stranger.cert_pem.bytes()}
    ssl = Shim(files, note=print)
    try:
        for name in NAMES:
            s = socket.socket()
            ss = ssl.wrap_socket(
                s,
                cert_reqs=ssl.CERT_REQUIRED,
                ca_certs=f"/flash/cert/{name}.pem",
                server_hostname="device.test",
            )
            try:
                ss.connect(listener.getsockname())
                ss.write(b"hello from ussl")
                print(name, ss.recv(100))
            except ssl.SSLError as error:
                print(name, "OSError", error.args[0])
            ss.close()
    finally:
        thread.join()
        listener.close()


if __name__ == "__main__":
    main()
