"""The board's network services as the host sees them: sockets on 127.0.0.1 in front of the device's own view of its flash."""
