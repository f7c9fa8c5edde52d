"""The board's network services as the host sees them: on 127.0.0.1, in front of the device's own flash."""
