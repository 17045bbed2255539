"""A network whose faults are chosen: hosts in namespaces of their own, and every packet between them goes through here.

Each host has a TUN device; this process reads what comes out of one and writes it into another, later, elsewhere or never.
"""

import contextlib
import fcntl
import heapq
import os
import pathlib
import random
import select
import shutil
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class Unavailable(Exception):
    """This machine does not let us make hosts."""


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Host:
    """A namespace with one address, and a hosts file of its own."""

    def __init__(self, network, name, number):
        self.space = f"mychat-{os.getpid()}-{name}"
        self.address = f"10.77.{os.getpid() % 250}.{number}"
        self.folder = pathlib.Path("/etc/netns") / self.space
        self.network = network
        device = f"my{os.getpid() % 10000}{name}"[:15]
        try:
            run("ip", "netns", "add", self.space)
            self.folder.mkdir(parents=True)
            (self.folder / "hosts").touch()
            self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
            run("ip", "link", "set", device, "netns", self.space)
            self.inside("ip", "addr", "add", f"{self.address}/24", "dev", device)
            self.inside("ip", "link", "set", "lo", "up")
            self.inside("ip", "link", "set", device, "up")
            self.device = device
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise Unavailable(getattr(error, "stderr", b"") or error) from error

    def inside(self, *words):
        run("ip", "netns", "exec", self.space, *words)

    def start(self, *words, **options):
        return subprocess.Popen(["ip", "netns", "exec", self.space, *words], **options)

    def move(self, address):
        """To another address; whoever speaks to the old one hears nothing."""
        self.network.places.pop(self.address)
        self.inside("ip", "addr", "del", f"{self.address}/24", "dev", self.device)
        self.inside("ip", "addr", "add", f"{address}/24", "dev", self.device)
        self.address = address
        self.network.places[address] = self

    def close(self):
        subprocess.run(["ip", "netns", "del", self.space], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Fault:
    """What happens to the packets of one direction."""

    def __init__(self, loss=0.0, delay=0.0, jitter=0.0):
        self.loss, self.delay, self.jitter = loss, delay, jitter


class Network:
    def __init__(self, names):
        self.hosts, self.places = {}, {}
        self.faults = {}  # (from, to): Fault
        self.random = random.Random(1)
        self.stopping = False
        self.carried = self.dropped = 0
        with contextlib.ExitStack() as made:
            for number, name in enumerate(names, 1):
                host = Host(self, name, number)
                made.callback(host.close)
                self.hosts[name] = host
                self.places[host.address] = host
            self.closing = made.pop_all()
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def name_hosts(self, names):
        """`names`: of a host, and the address that all hosts find it at."""
        for host in self.hosts.values():
            # In place: it is mounted over the host's /etc/hosts.
            with open(host.folder / "hosts", "r+") as file:
                file.truncate()
                file.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in names.items()))

    def carry(self):
        sources = {host.tun: name for name, host in self.hosts.items()}
        waiting, count = [], 0
        while not self.stopping:
            patience = min(0.2, max(0.0, waiting[0][0] - time.monotonic())) if waiting else 0.2
            for tun in select.select(list(sources), [], [], patience)[0]:
                with contextlib.suppress(BlockingIOError):
                    for _ in range(256):
                        packet = os.read(tun, 65536)
                        to = self.places.get(".".join(map(str, packet[16:20]))) if packet[0] >> 4 == 4 else None
                        if to is None:
                            continue
                        fault = self.faults.get((sources[tun], next(n for n, h in self.hosts.items() if h is to)))
                        if fault is not None and self.random.random() < fault.loss:
                            self.dropped += 1
                            continue
                        late = 0.0 if fault is None else fault.delay + self.random.random() * fault.jitter
                        count += 1
                        heapq.heappush(waiting, (time.monotonic() + late, count, to.tun, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, tun, packet = heapq.heappop(waiting)
                self.carried += 1
                with contextlib.suppress(OSError):  # Its queue is full: lost, as on any wire.
                    os.write(tun, packet)

    def close(self):
        self.stopping = True
        self.thread.join()
        self.closing.close()
