"""What to write instead of names that people bring along from CPython, from other ports of MicroPython, or mistype."""

from __future__ import annotations

from collections.abc import Iterable

NAMES: dict[str, str] = {
    "machine.ADC.atten": "adc.channel(pin='P13', attn=machine.ADC.ATTN_11DB)",
    "machine.ADC.read": "adc.channel(pin='P13').value()",
    "machine.PWM.duty": "pwm.channel(0, pin='P9', duty_cycle=0.5).duty_cycle(0.1)",
    "machine.PWM.freq": "machine.PWM(0, frequency=5000)",
    "machine.Pin.high": "value(1)",
    "machine.Pin.irq": "callback(trigger, handler)",
    "machine.Pin.low": "value(0)",
    "machine.Pin.off": "value(0)",
    "machine.Pin.on": "value(1)",
    "machine.RTC.datetime": "init(...) to set it, now() to read it",
    "machine.Timer.ONE_SHOT": "machine.Timer.Alarm(handler, s)",
    "machine.Timer.PERIODIC": "machine.Timer.Alarm(handler, s, periodic=True)",
    "machine.Timer.deinit": "cancel() of an alarm",
    "machine.Timer.init": "machine.Timer.Alarm(handler, s)",
    "machine.WDT.deinit": "nothing: the watchdog cannot be stopped",
    "machine.soft_reset": "machine.reset()",
    "network.AP_IF": "network.WLAN(mode=network.WLAN.AP, ssid=...)",
    "network.STA_IF": "network.WLAN(mode=network.WLAN.STA)",
    "network.WLAN.active": "WLAN(mode=WLAN.STA) to switch it on, deinit() to switch it off",
    "network.WLAN.config": "the methods ssid(), auth(), channel(), hostname()",
    "network.WLAN.status": "isconnected()",
    "ujson.JSONDecodeError": "ValueError",
    "uos.environ": "names at the top of the script",
    "uos.getenv": "names at the top of the script",
    "uos.isfile": "os.stat(path), which raises OSError",
    "uos.makedirs": "os.mkdir(), folder by folder",
    "uos.path": "os.stat(path), which raises OSError; join paths with +",
    "uos.walk": "os.listdir(), folder by folder",
    "usocket.create_connection": "socket.socket(), getaddrinfo() and connect()",
    "usocket.inet_aton": "getaddrinfo()",
    "usocket.socket.fileno": "the socket itself: uselect takes it",
    "usocket.socket.shutdown": "close()",
    "usocket.timeout": "OSError",
    "ussl.SSLContext": "ssl.wrap_socket()",
    "ussl.SSLError": "OSError",
    "ussl.create_default_context": "ssl.wrap_socket(s, cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem')",
    "sys.getsizeof": "gc.mem_free() before and after",
    "sys.maxint": "sys.maxsize",
    "utime.clock": "ticks_us()",
    "utime.ctime": "localtime()",
    "utime.monotonic": "ticks_ms()",
    "utime.perf_counter": "ticks_us()",
    "utime.process_time": "ticks_us()",
    "utime.strftime": "'{:04}-{:02}-{:02}'.format(*time.localtime())",
    "utime.time_ns": "ticks_us()",
}
"""Dotted name -> what the board has for it. Modules by their own names, ``machine`` and ``network`` by the usual ones."""


def instead(path: str, shown: str, there: Iterable[str]) -> str:
    """What to write for a name that is not there: from the table, else the most similar of the names that are."""
    found = NAMES.get(path) or NAMES.get(shown)
    if found:
        return found
    close = similar(path.rpartition(".")[2], there)
    return f"did you mean {close}?" if close else ""


def similar(name: str, there: Iterable[str]) -> str:
    """The name among ``there`` for which ``name`` looks like a slip; empty where there is none."""
    from difflib import get_close_matches

    names = list(there)
    for other in names:
        if other.lower() == name.lower():
            return other
    return next(iter(get_close_matches(name, names, 1, 0.75)), "")
