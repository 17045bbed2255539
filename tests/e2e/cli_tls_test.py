"""TLS from the command line: whom it trusts, whom it does not, and how it says so."""

import base64
import hashlib
import socket
import subprocess
import threading
import unittest

from cli_node import LIMIT, Case, Node


def openssl(*arguments, text=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=text, capture_output=True, check=True,
                          timeout=LIMIT).stdout


def pin_of(key):
    spki = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


class Tls(Case):
    """A node with a certificate for 127.0.0.1, and only for that, by an authority of the test's own."""

    @classmethod
    def make_node(cls):
        cls.ca, cls.other_ca, cls.key = cls.folder / "ca.pem", cls.folder / "other.pem", cls.folder / "node.key"
        certificate, request, names = cls.folder / "node.pem", cls.folder / "node.csr", cls.folder / "names"
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for ca in (cls.ca, cls.other_ca):
            openssl("req", "-x509", *new_key, "-days", "2", "-subj", f"/CN=Authority {ca.stem}", "-out", ca,
                    "-keyout", ca.with_suffix(".key"), "-addext", "basicConstraints=critical,CA:TRUE")
        openssl("req", *new_key, "-subj", "/CN=node", "-out", request, "-keyout", cls.key)
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", request, "-CA", cls.ca, "-CAkey", cls.ca.with_suffix(".key"), "-days", "1",
                "-extfile", names, "-out", certificate)
        cls.pin = pin_of(cls.key)
        cls.other_pin = pin_of(cls.ca.with_suffix(".key"))
        return Node(cls.folder, {"TLS_CERT": str(certificate), "TLS_KEY": str(cls.key), "REGISTRATION_OPEN": "true"})

    def refused(self, *arguments, code=5, status="MYCHAT_E_TLS", saying, profile="stranger", **more):
        result = self.run_cli(profile, "--json", *arguments, **more)
        self.assert_error(result, code, status)
        self.assertIn(saying, result.error()["message"])
        self.assertEqual(result.out, "")
        self.assertFalse(result.error()["retryable"], "trying again does not help")
        # People read the same sentence.
        plain = self.run_cli(profile, *arguments, **more)
        self.assertEqual(plain.code, code, plain)
        self.assertIn(saying, plain.err)

    def test_a_whole_conversation_with_the_authority_that_is_named(self):
        self.assertTrue(self.node.url.startswith("https://127.0.0.1:"), self.node.url)
        trust = {"MYCHAT_CA": str(self.ca)}
        self.must("alice", "--ca", self.ca, "register", "alice", "--no-backup")
        self.must("bob", "--ca", self.ca, "--pin", self.pin, "register", "bob", "--no-backup")
        self.must("alice", "contact", "add", "bob", **trust)
        self.must("alice", "--pin", self.other_pin, "--pin", self.pin, "send", "bob", "over TLS", "--wait", "accepted",
                  **trust)
        heard = self.must("bob", "--json", "listen", "--once", "--timeout", LIMIT, **trust)
        self.assertIn("over TLS", heard.out)
        with self.subTest("what was trusted once is not remembered"):
            self.refused("sync", profile="alice", saying="The certificate of 127.0.0.1 was refused")
            self.refused("--pin", self.other_pin, "sync", profile="alice", saying="is not the pinned one", **trust)
        with self.subTest("a message of somebody who does not trust the node stays here"):
            queued = self.run_cli("alice", "--json", "send", "bob", "not yet", MYCHAT_CA=str(self.other_ca))
            self.assertEqual((queued.code, queued.json()["status"]), (0, "queued"), queued)
            self.must("alice", "sync", **trust)
            self.assertIn("not yet", self.must("bob", "--json", "listen", "--once", "--timeout", LIMIT, **trust).out)

    def test_other_authorities_are_refused(self):
        self.assertEqual(self.must("stranger", "--json", "--ca", self.ca, "node-info").json()["domain"], "localhost")
        for trust in ([], ["--ca", self.other_ca], ["--ca", self.other_ca, "--pin", self.pin], ["--pin", self.pin]):
            with self.subTest(trust=trust):
                self.refused(*trust, "node-info", saying="The certificate of 127.0.0.1 was refused")
        self.refused("node-info", saying="was refused", MYCHAT_CA=str(self.other_ca))

    def test_a_certificate_for_another_name_is_refused(self):
        self.refused("--ca", self.ca, "--node", self.node.url.replace("127.0.0.1", "localhost"), "node-info",
                     saying="The certificate of localhost was refused: it is for another name")

    def test_a_pin_must_fit_beside_the_certificate(self):
        self.must("stranger", "--ca", self.ca, "--pin", self.pin, "node-info")
        self.must("stranger", "--ca", self.ca, "--pin", self.other_pin, "--pin", self.pin, "node-info")
        self.refused("--ca", self.ca, "--pin", self.other_pin, "node-info",
                     saying="The public key of 127.0.0.1 is not the pinned one")

    def test_authorities_and_pins_that_are_none(self):
        self.refused("--ca", self.folder / "missing.pem", "node-info", code=7, status="MYCHAT_E_IO",
                     saying="The file of certificate authorities cannot be read")
        self.refused("--ca", self.key, "node-info", code=2, status="MYCHAT_E_INVALID_ARGUMENT", saying="not PEM")
        for pin in ("sha256//", "sha256//AAAA", self.pin[:-1], self.pin.replace("sha256", "sha1"), "x;y"):
            with self.subTest(pin=pin):
                self.refused("--ca", self.ca, "--pin", pin, "node-info", code=2, status="MYCHAT_E_INVALID_ARGUMENT",
                             saying="A pin must be")

    def test_plaintext_to_other_machines_is_refused_before_anything_is_sent(self):
        for url in ("http://192.0.2.1", "http://example.org", "http://127.0.0.1.example.org", "http://[2001:db8::1]",
                    "http://localhost.example.org:8000"):
            with self.subTest(url=url):
                self.refused("--node", url, "node-info", status="MYCHAT_E_PLAINTEXT_REFUSED",
                             saying="The address is not encrypted (http) and leads to another machine")
        # Asked for by name it is tried, and fails for another reason: nobody is there. (Not a loopback address by its
        # form, but this machine.)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://0.0.0.0:{unused.getsockname()[1]}"
            self.refused("--node", url, "node-info", status="MYCHAT_E_PLAINTEXT_REFUSED", saying="is not encrypted")
            result = self.run_cli("stranger", "--json", "--allow-plaintext", "--node", url, "node-info")
        self.assert_error(result, 5, "MYCHAT_E_NETWORK")

    def test_plaintext_to_a_node_with_tls_is_no_conversation(self):
        result = self.run_cli("stranger", "--json", "--node", self.node.url.replace("https", "http"), "node-info")
        self.assert_error(result, 5, "MYCHAT_E_NETWORK")

    def test_the_secret_of_a_login_is_not_sent_to_who_is_not_trusted(self):
        # A listener that only writes down what comes: a TLS greeting, and no password in it.
        heard = []
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.settimeout(LIMIT)

            def listen():
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(2)
                    try:
                        while part := connection.recv(65536):
                            heard.append(part)
                    except OSError:
                        pass

            thread = threading.Thread(target=listen)
            thread.start()
            result = self.run_cli("mallory", "--json", "--ca", self.ca, "--node",
                                  f"https://127.0.0.1:{listener.getsockname()[1]}", "login", "alice")
            thread.join()
        self.assertEqual(result.code, 5, result)
        self.assertEqual(heard[0][:2], b"\x16\x03", "a TLS handshake")
        self.assertNotIn(b"the account's password", b"".join(heard))


if __name__ == "__main__":
    unittest.main()
