"""The command line against a real node: what each command promises, and how each fails."""

import json
import os
import pty
import select
import signal
import stat
import subprocess
import termios
import time
import unittest

from cli_node import LIMIT, Case, program


def online(item):
    return item["event"] == "connection" and item["state"] == "online"


def message(item):
    return item["event"] == "message"


class TwoUsers(Case):
    """Alice and Bob, who are contacts of each other. Keys cost a second of a core each, so they are made once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registered = cls.must("alice", "--json", "register", "alice", "--backup", "alice.zip").json()
        cls.must("bob", "register", "bob", "--backup", "bob.zip", "--kind", "sealed")
        cls.added = cls.must("alice", "--json", "contact", "add", "bob@localhost", "--nickname", "Bob").json()
        cls.must("bob", "contact", "add", "alice")
        # What registration and contacts left in the journals is not news.
        cls.drain("alice")
        cls.drain("bob")

    @classmethod
    def drain(cls, profile):
        return cls.must(profile, "--json", "listen", "--timeout", "1").out

    def send(self, profile, to, text, *more):
        return self.must(profile, "--json", "send", to, *more, text=text).json()

    # ---- Accounts and keys

    def test_registering_makes_an_account_and_a_proven_backup_that_only_the_owner_can_read(self):
        account = self.registered["account"]
        self.assertEqual(account["handle"], "alice@localhost")
        self.assertTrue(account["logged_in"] and account["has_identity"])
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "alice.zip").st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "share/mychat").st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "share/mychat/alice.mychat").st_mode), 0o600)
        self.assertEqual(self.must("alice", "--json", "whoami").json()["fingerprint"], account["fingerprint"])
        self.assertEqual(self.must("alice", "fingerprint").out.strip(), account["fingerprint"])
        report = self.must("alice", "--json", "backup", "verify", "alice.zip").json()
        self.assertEqual((report["fingerprint"], report["matches_account"]), (account["fingerprint"], True))

    def test_registering_without_saying_where_the_backup_goes_makes_no_account(self):
        self.assert_error(self.run_cli("nobody", "--json", "register", "nobody"), 2, "MYCHAT_E_INVALID_ARGUMENT")
        self.assert_error(self.run_cli("nobody", "--json", "register", "nobody", "--backup", "alice.zip"), 1,
                          "MYCHAT_E_ALREADY_EXISTS")
        self.assertFalse((self.folder / "share/mychat/nobody.mychat").exists())
        self.assert_error(self.run_cli("alice", "--json", "contact", "add", "nobody"), 3, "MYCHAT_E_NOT_FOUND")

    def test_a_backup_never_overwrites_a_file(self):
        before = (self.folder / "alice.zip").read_bytes()
        self.assert_error(self.run_cli("alice", "--json", "backup", "alice.zip"), 1, "MYCHAT_E_ALREADY_EXISTS")
        self.assertEqual((self.folder / "alice.zip").read_bytes(), before)

    def test_wrong_secrets_have_exit_codes_of_their_own(self):
        self.assert_error(self.run_cli("alice", "--json", "whoami", MYCHAT_PASSPHRASE="wrong"), 7,
                          "MYCHAT_E_STORE_KEY")
        self.assert_error(self.run_cli("alice", "--json", "login", MYCHAT_PASSWORD="wrong password"), 4,
                          "MYCHAT_E_UNAUTHORIZED")
        self.assert_error(self.run_cli("new", "--json", "restore", "alice.zip", MYCHAT_BACKUP_PASSWORD="wrong one"), 4,
                          "MYCHAT_E_WRONG_PASSWORD")
        self.assertFalse((self.folder / "share/mychat/new.mychat").exists())
        self.assert_error(self.run_cli("nowhere", "--json", "whoami"), 3, "MYCHAT_E_NOT_FOUND")
        self.assert_error(self.run_cli("alice", "--json", "whoami", MYCHAT_PASSPHRASE=None), 2,
                          "MYCHAT_E_INVALID_ARGUMENT")

    def test_a_first_log_in_that_fails_leaves_no_store_behind(self):
        self.assert_error(self.run_cli("late", "--json", "login", "bob", MYCHAT_PASSWORD="wrong password"), 4,
                          "MYCHAT_E_UNAUTHORIZED")
        self.assert_error(self.run_cli("late", "--json", "login", "bob", MYCHAT_NODE="http://127.0.0.1:1"), 5,
                          "MYCHAT_E_NETWORK")
        self.assertEqual(list((self.folder / "share/mychat").glob("late*")), [])

    def test_texts_may_look_like_commands_and_options(self):
        for words in (["listen"], ["--", "-1 degrees"], ["contact", "add", "me"]):
            self.must("alice", "send", "bob", *words)
        wanted = ["listen", "-1 degrees", "contact add me"]
        items = map(json.loads, self.must("bob", "--json", "listen", "--count", "3", "--timeout", LIMIT)
                    .out.splitlines())
        self.assertEqual([item["message"]["text"] for item in items if message(item)], wanted)

    def test_usage_errors_are_exit_code_2_and_help_has_examples(self):
        self.assert_error(self.run_cli("alice", "--json", "no-such-command"), 2, "MYCHAT_E_INVALID_ARGUMENT")
        self.assert_error(self.run_cli("alice", "--json", "send"), 2, "MYCHAT_E_INVALID_ARGUMENT")
        self.assert_error(self.run_cli("alice", "--json", "send", "not a handle@@", "x"), 2,
                          "MYCHAT_E_INVALID_ARGUMENT")
        text = self.must("alice", "--help").out
        for word in ("Examples:", "Exit codes:", "MYCHAT_PASSPHRASE", "register", "restore"):
            self.assertIn(word, text)
        self.assertIn("--backup", self.must("alice", "register", "--help").out)

    def test_secrets_come_from_files_and_standard_input_too(self):
        (self.folder / "passphrase").write_text("the store's passphrase\nnot this\n")
        self.must("alice", "--passphrase-file", "passphrase", "whoami", MYCHAT_PASSPHRASE=None)
        self.must("alice", "--password-stdin", "login", text="the account's password\n", MYCHAT_PASSWORD=None)

    def test_a_passphrase_is_asked_for_without_echo(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([program("MYCHAT_CLI"), "--profile", "bob", "whoami"], stdin=slave, stderr=slave,
                                   stdout=subprocess.PIPE, env=self.environment(MYCHAT_PASSPHRASE=None))
        os.close(slave)
        seen = b""
        deadline = time.monotonic() + LIMIT
        try:
            while b"Passphrase of the local store: " not in seen and time.monotonic() < deadline:
                if select.select([master], [], [], 1)[0]:
                    seen += os.read(master, 1024)
            # Echo goes off right after the question.
            while termios.tcgetattr(master)[3] & termios.ECHO and time.monotonic() < deadline:
                time.sleep(0.01)
            os.write(master, b"the store's passphrase\n")
            out, _ = process.communicate(timeout=LIMIT)
            while select.select([master], [], [], 0)[0]:
                try:
                    seen += os.read(master, 1024)
                except OSError:
                    break
        finally:
            process.kill()
            process.wait()
            os.close(master)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b"bob@localhost", out)
        self.assertNotIn(b"the store's passphrase", seen)

    def test_comparing_safety_numbers_verifies_a_contact(self):
        mine = self.must("alice", "--json", "verify", "bob").json()
        theirs = self.must("bob", "--json", "verify", "alice").json()
        self.assertEqual(mine["safety_number"], theirs["safety_number"])
        self.assertEqual(len(mine["safety_number"].replace(" ", "")), 60)
        self.assertEqual(mine["trust"], "unverified")
        # One's own code proves nothing; a wrong fingerprint is refused.
        self.assert_error(self.run_cli("alice", "--json", "verify", "bob", "--scanned", mine["code"]), 6,
                          "MYCHAT_E_KEY_MISMATCH")
        self.assert_error(self.run_cli("alice", "--json", "verify", "bob", "--fingerprint", theirs["fingerprint"]), 6,
                          "MYCHAT_E_KEY_MISMATCH")
        done = self.must("alice", "--json", "verify", "bob", "--scanned", theirs["code"]).json()
        self.assertEqual(done["trust"], "verified")
        sent = self.send("bob", "alice", "do you know me?")
        self.assertEqual(sent["status"], "accepted")
        line = self.must("alice", "listen", "--once", "--timeout", LIMIT).out
        self.assertIn("bob@localhost [verified]: do you know me?", line)
        self.assertIn("█", self.must("alice", "verify", "bob", "--qr").out)
        self.assertEqual(self.must("alice", "--json", "verify", "bob", "--undo").json()["trust"], "unverified")
        again = self.must("alice", "--json", "verify", "bob", "--fingerprint", mine["fingerprint"]).json()
        self.assertEqual(again["trust"], "verified")
        self.must("alice", "verify", "bob", "--undo")

    # ---- Messages

    def test_a_message_arrives_in_real_time_and_its_receipts_come_back(self):
        listener = self.start_cli("bob", "--json", "listen", "--mark-read")
        try:
            listener.wait_for(online)
            sent = self.send("alice", "bob", "", "are you there?", "--wait", "read", "--timeout", str(LIMIT))
            self.assertEqual(sent["status"], "read")
            arrived = listener.wait_for(message)["message"]
            self.assertEqual((arrived["id"], arrived["text"], arrived["sender"], arrived["verification"]),
                             (sent["id"], "are you there?", "alice@localhost", "verified"))
            # The store is held by the listener, and the other process is told so.
            self.assert_error(self.run_cli("bob", "--json", "whoami"), 7, "MYCHAT_E_STORE_HELD")
        finally:
            self.assertEqual(listener.end(signal.SIGTERM), 0)

    def test_what_was_printed_never_comes_again_and_what_was_not_comes_later(self):
        first = self.send("alice", "bob", "one")
        second = self.send("alice", "bob", "two")
        self.eventually(lambda: [item["id"] for item in self.must(  # Received, but shown to nobody.
            "bob", "--json", "history", "alice", "--sync", "--limit", "1").json()["messages"]], [second["id"]])
        shown = self.must("bob", "--json", "listen", "--once", "--timeout", LIMIT).out.splitlines()
        self.assertEqual([item["message"]["id"] for item in map(json.loads, shown) if message(item)], [first["id"]])
        shown = self.must("bob", "--json", "listen", "--once", "--timeout", LIMIT).out.splitlines()
        self.assertEqual([item["message"]["id"] for item in map(json.loads, shown) if message(item)], [second["id"]])
        self.assertFalse([item for item in map(json.loads, self.drain("bob").splitlines()) if message(item)])
        self.assert_error(self.run_cli("bob", "--json", "listen", "--once", "--timeout", "0.5"), 5, "MYCHAT_E_TIMEOUT")

    def test_a_message_that_could_not_be_printed_is_not_acknowledged(self):
        sent = self.send("alice", "bob", "into a full disk")
        with open("/dev/full", "w") as full:
            process = subprocess.run([program("MYCHAT_CLI"), "--profile", "bob", "listen", "--once", "--timeout",
                                      str(LIMIT)], stdout=full, stderr=subprocess.PIPE, text=True,
                                     env=self.environment(), stdin=subprocess.DEVNULL, timeout=LIMIT)
        self.assertEqual(process.returncode, 7, process.stderr)
        items = map(json.loads, self.must("bob", "--json", "listen", "--once", "--timeout", LIMIT).out.splitlines())
        self.assertEqual([item["message"]["id"] for item in items if message(item)], [sent["id"]])

    def test_text_from_the_network_cannot_steer_the_terminal(self):
        evil = "a\x1b[31mred\x1b]0;title\x07 \u202egpj.exe \u009b2J \u2066x\n2026-01-01 00:00:00  eve: forged\r\b"
        self.send("alice", "bob", evil)
        out = self.must("bob", "listen", "--once", "--timeout", LIMIT).out
        out += self.must("bob", "history", "alice", "--limit", "1").out
        for character in "\x1b\x07\u202e\u009b\u2066\r\b":
            self.assertNotIn(character, out)
        self.assertIn("a\\x1B[31mred\\x1B]0;title\\x07 \\u{202E}gpj.exe \\x9B2J \\u{2066}x", out)
        self.assertIn("\n    | 2026-01-01 00:00:00  eve: forged\\x0D\\x08", out)
        raw = self.must("bob", "--json", "history", "alice", "--limit", "1")
        for character in "\x1b\x07\u202e\u009b\u2066\r\b":
            self.assertNotIn(character, raw.out)
        self.assertEqual(raw.json()["messages"][0]["text"], evil)  # Exact for a parser.

    def test_history_is_paged_searched_and_marked_read(self):
        self.must("alice", "history", "bob", "--mark-read")
        ids = [self.send("bob", "alice", f"page {i}")["id"] for i in range(3)]
        self.eventually(lambda: [item["id"] for item in self.must("alice", "--json", "history", "bob", "--sync",
                                                                  "--limit", "3").json()["messages"]], ids)
        page = self.must("alice", "--json", "history", "bob", "--limit", "2").json()
        self.assertEqual([item["id"] for item in page["messages"]], ids[1:])
        self.assertIn(("bob@localhost", 3), self.unread())
        self.assertTrue(page["has_more"])
        older = self.must("alice", "--json", "history", "bob", "--limit", "1", "--before", page["next_before"]).json()
        self.assertEqual(older["messages"][0]["id"], ids[0])
        found = self.must("alice", "--json", "history", "--search", "PAGE 1").json()["messages"]
        self.assertEqual([item["id"] for item in found], [ids[1]])
        self.must("alice", "history", "bob", "--mark-read")
        self.assertIn(("bob@localhost", 0), self.unread())
        self.drain("alice")

    def unread(self):
        peers = self.must("alice", "--json", "history").json()["conversations"]
        return [(item["peer"], item["unread"]) for item in peers]

    def test_files_travel_as_bytes(self):
        (self.folder / "bytes").write_bytes(bytes(range(256)))
        sent = self.send("alice", "bob", "", "--file", "bytes")
        self.must("bob", "listen", "--once", "--timeout", LIMIT)
        saved = self.must("bob", "--json", "save", sent["id"], "copy").json()
        self.assertEqual(saved["size"], 256)
        self.assertEqual((self.folder / "copy").read_bytes(), bytes(range(256)))
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "copy").st_mode), 0o600)

    def test_a_file_of_any_size_beyond_the_limit_is_refused_with_the_same_limit(self):
        for mebibytes in (11, 20):
            (self.folder / "large").write_bytes(bytes(mebibytes << 20))
            refused = self.run_cli("alice", "--json", "send", "bob", "--file", "large")
            self.assertEqual(refused.error()["status"], "MYCHAT_E_TOO_LARGE")
            self.assertIn("larger than 10485744 bytes", refused.error()["message"])
        (self.folder / "large").unlink()

    def test_a_message_to_nobody_fails_and_is_explained(self):
        self.assert_error(self.run_cli("alice", "--json", "send", "nobody_here", "x"), 3, "MYCHAT_E_NOT_FOUND")
        failed = self.must("alice", "--json", "history", "nobody_here").json()["messages"][0]
        self.assertEqual(failed["status"], "failed")
        why = self.must("alice", "--json", "explain", failed["id"]).json()
        self.assertEqual((why["cause"], why["repair"]), ("MYCHAT_E_NOT_FOUND", "change"))
        self.assert_error(self.run_cli("alice", "--json", "explain", "00000000-0000-4000-8000-000000000000"), 3,
                          "MYCHAT_E_NOT_FOUND")
        self.drain("alice")

    # ---- The rest

    def test_every_command_prints_one_json_object(self):
        for arguments in (["whoami"], ["fingerprint"], ["fingerprint", "bob"], ["verify", "bob"], ["contact", "list"],
                          ["contact", "show", "bob", "--refresh"], ["history"], ["sessions"], ["policy"], ["status"],
                          ["node-info"], ["sync"], ["store", "check"], ["history", "bob"]):
            with self.subTest(arguments=arguments):
                result = self.must("alice", "--json", *arguments)
                self.assertEqual(len(result.out.splitlines()), 1, result)
                self.assertIsInstance(result.json(), dict)
                text = self.must("alice", *arguments).out
                self.assertTrue(text or arguments[0] == "history")  # Nobody may have written yet.
        self.assertEqual(self.added["nickname"], "Bob")
        self.assertTrue(self.must("alice", "--json", "store", "check").json()["healthy"])

    def test_the_policy_is_kept(self):
        self.must("alice", "policy", "--typing", "off", "--require-signatures", "on")
        policy = self.must("alice", "--json", "policy").json()
        self.assertEqual(policy, {"require_signatures": True, "read_receipts": True, "typing": False,
                                  "sender_copy": True})
        self.must("alice", "policy", "--typing", "on", "--require-signatures", "off")

    def test_a_node_can_be_asked_without_an_account(self):
        info = self.must("stranger", "--json", "node-info", MYCHAT_PASSPHRASE=None).json()
        self.assertEqual((info["domain"], info["extended"]), ("localhost", True))
        self.assertFalse((self.folder / "share/mychat/stranger.mychat").exists())
        self.assert_error(self.run_cli("stranger", "--json", "node-info", MYCHAT_NODE="http://127.0.0.1:1"), 5,
                          "MYCHAT_E_NETWORK")
        self.assert_error(self.run_cli("stranger", "--json", "node-info", MYCHAT_NODE="http://192.0.2.1"), 5,
                          "MYCHAT_E_PLAINTEXT_REFUSED")


class Devices(Case):
    """One account on several devices, and what the command line says of it."""

    def sent(self, profile, text):
        return self.must(profile, "--json", "send", "bob", text).json()["id"]

    def test_rotations_are_followed_by_the_newest_backup_and_what_did_not_succeed_says_so(self):
        registered = self.must("alice", "--json", "register", "alice", "--backup", "alice.zip").json()
        self.must("bob", "register", "bob", "--backup", "bob.zip", "--kind", "v1")
        with self.subTest("the account is shown with the backup that was just made"):
            self.assertGreater(registered["account"]["backup_at"], 0)
        with self.subTest("a restored backup knows the account and its node"):
            restored = self.must("phone", "restore", "alice.zip", MYCHAT_NODE=None)
            self.assertIn(f"mychat --node {self.node.url} login alice", restored.err)
            shown = self.must("phone", "--json", "whoami", MYCHAT_NODE=None).json()
            self.assertEqual((shown["handle"], shown["logged_in"]), ("alice@localhost", False))
            self.assertGreater(shown["backup_at"], 0)
            self.must("phone", "login", MYCHAT_NODE=None)
        with self.subTest("all sessions are signed for one who comes late"):
            self.sent("alice", "from the first device")
            self.sent("phone", "from the phone")
            self.must("bob2", "restore", "bob.zip")
            self.must("bob2", "login", "bob")
            self.eventually(lambda: sorted((item["text"], item["verification"], item["sender_trust"])
                                           for item in self.history("bob2")),
                            [("from the first device", "verified", "unverified"),
                             ("from the phone", "verified", "unverified")])
            self.assertEqual(self.must("bob2", "history", "alice").out.count("[signed]"), 2)
        self.must("alice", "rotate", "--backup", "alice2.zip")
        with self.subTest("nothing is sent with a key that was replaced"):
            failed = self.run_cli("phone", "--json", "send", "bob", "after the rotation")
            self.assert_error(failed, 6, "MYCHAT_E_KEY_MISMATCH")
            queued = failed.json()
            self.assertEqual(queued["status"], "queued")
            why = self.must("phone", "--json", "explain", queued["id"]).json()
            self.assertEqual((why["cause"], why["repair"]), ("MYCHAT_E_KEY_MISMATCH", "restore_backup"))
            for command in (["status"], ["sync"]):
                result = self.run_cli("phone", *command)
                self.assertEqual(result.code, 6, result)
                self.assertIn("mychat restore FILE", result.err)
            self.assert_error(self.run_cli("phone", "--json", "restore", "alice.zip"), 6, "MYCHAT_E_KEY_MISMATCH")
            self.must("phone", "restore", "alice2.zip")
            self.assertEqual(self.must("phone", "--json", "whoami").json()["fingerprint"],
                             self.must("alice", "--json", "whoami").json()["fingerprint"])
            self.must("phone", "sync")
            self.assertEqual(self.history("phone", "bob")[-1]["status"], "accepted")
        with self.subTest("messages of before a rotation are of an unknown key for a new device, not forged"):
            self.must("bob3", "restore", "bob.zip")
            self.must("bob3", "login", "bob")
            self.eventually(lambda: len(self.history("bob3")), 3)
            out = self.must("bob3", "history", "alice").out
            self.assertIn("[unknown key]: from the first device", out)
            self.assertIn("[signed]: after the rotation", out)
            self.assertNotIn("FORGED", out)
            old = self.history("bob3")[0]
            self.assertEqual(old["verification"], "unverified")
            self.assertIn("was not altered", self.must("bob3", "explain", old["id"]).out)
            self.assertNotIn("HAS CHANGED", self.must("bob3", "listen", "--timeout", "1").err)
        with self.subTest("without the key, one's own messages say why they cannot be read"):
            self.must("bare", "login", "alice")
            self.eventually(lambda: {(item["readable"], item.get("failure")) for item in self.history("bare", "bob")},
                            {(False, "MYCHAT_E_NO_IDENTITY")})
            self.must("bare", "restore", "alice2.zip")
            self.assertTrue(all(item["readable"] for item in self.history("bare", "bob")))
        with self.subTest("from a deleted account nothing is sent"):
            self.must("alice", "delete-account", "--yes")
            self.assertEqual(self.run_cli("alice", "--json", "send", "bob", "never").error()["status"],
                             "MYCHAT_E_INVALID_STATE")

    def history(self, profile, peer="alice"):
        return self.must(profile, "--json", "history", peer, "--sync").json()["messages"]

    def test_what_cannot_be_meant_is_refused(self):
        result = self.run_cli("nobody", "bogus")
        self.assertEqual(result.code, 2)
        self.assertIn("'bogus'", result.err)
        self.assertIn("'bogus'", self.run_cli("nobody", "contact", "bogus").err)
        node = subprocess.run([program("MYCHAT_SERVER"), "bogus"], capture_output=True, text=True, timeout=LIMIT)
        self.assertNotEqual(node.returncode, 0)
        self.assertIn("bogus", node.stderr)
        for arguments in (["send", "bob", ""], ["send", "bob"], ["history", "bob", "--before", "-3"]):
            self.assertEqual(self.run_cli("nobody", *arguments).code, 2, arguments)
        info = self.must("nobody", "--json", "node-info").json()
        self.assertIn("mailbox", info["capabilities"])
        self.assertIsInstance(info["capabilities"], list)


class Recovery(Case):
    """What happens when things go wrong: the store is lost, the node is down, a key changes."""

    def test_lost_stores_nodes_that_are_down_and_changed_keys(self):
        self.must("alice", "register", "alice", "--backup", "alice.zip")
        self.must("bob", "register", "bob", "--no-backup")
        self.must("alice", "contact", "add", "bob")
        self.must("bob", "contact", "add", "alice")
        self.must("alice", "send", "bob", "before the loss", "--wait", "accepted")
        self.must("bob", "send", "alice", "an answer")
        self.must("alice", "listen", "--once", "--timeout", LIMIT)
        with self.subTest("a backup and the node bring everything back on a new machine"):
            self.must("alice2", "restore", "alice.zip")
            self.must("alice2", "login", "alice")
            self.eventually(lambda: [(item["text"], item["direction"]) for item in self.must(
                "alice2", "--json", "history", "bob", "--sync").json()["messages"]],
                            [("before the loss", "out"), ("an answer", "in")])
        with self.subTest("a message is queued while the node is down, and delivered afterwards"):
            self.node.stop()
            result = self.must("alice", "--json", "send", "bob", "into the dark")
            queued = result.json()
            self.assertEqual(queued["status"], "queued", result)
            self.assert_error(self.run_cli("alice", "--json", "sync"), 5, "MYCHAT_E_NETWORK")
            self.assert_error(self.run_cli("alice", "--json", "contact", "add", "carol"), 5, "MYCHAT_E_NETWORK")
            self.assertEqual(self.must("alice", "--json", "explain", queued["id"]).json()["repair"], "wait")
            self.node.start()
            self.eventually(lambda: [item["status"] for item in self.must(
                "alice", "--json", "history", "bob", "--sync", "--limit", "1").json()["messages"]], ["accepted"])
            items = map(json.loads, self.must("bob", "--json", "listen", "--count", "2", "--timeout", LIMIT)
                        .out.splitlines())
            self.assertEqual([item["message"]["text"] for item in items if message(item)],
                             ["before the loss", "into the dark"])
        with self.subTest("a changed key stops messages until it is accepted by its fingerprint"):
            old = self.must("bob", "--json", "whoami").json()["fingerprint"]
            new = self.must("bob", "--json", "rotate", "--backup", "bob.zip").json()["fingerprint"]
            self.assertNotEqual(old, new)
            self.must("alice", "sync")
            self.eventually(lambda: self.must("alice", "--json", "contact", "show", "bob", "--refresh").json()["trust"],
                            "changed")
            self.assert_error(self.run_cli("alice", "--json", "send", "bob", "to whom?"), 6, "MYCHAT_E_KEY_CHANGED")
            shown = self.run_cli("alice", "verify", "bob")
            self.assertEqual(shown.code, 6)
            self.assertIn("THE KEY OF bob@localhost HAS CHANGED", shown.err)
            self.assert_error(self.run_cli("alice", "--json", "contact", "accept", "bob", "--fingerprint", old), 6,
                              "MYCHAT_E_KEY_MISMATCH")
            self.must("alice", "contact", "accept", "bob", "--fingerprint", new)
            self.must("alice", "send", "bob", "to you")
            out = self.must("bob", "listen", "--once", "--timeout", LIMIT).out
            self.assertIn("to you", out)
        with self.subTest("passwords change, sessions end, accounts are deleted"):
            self.must("alice", "passwd", MYCHAT_NEW_PASSWORD="another password")
            ended = self.run_cli("alice2", "--json", "sync")
            self.assert_error(ended, 4, "MYCHAT_E_UNAUTHORIZED")
            self.must("alice", "passphrase", MYCHAT_NEW_PASSPHRASE="another passphrase")
            self.assertEqual(self.run_cli("alice", "whoami").code, 7)
            changed = {"MYCHAT_PASSPHRASE": "another passphrase", "MYCHAT_PASSWORD": "another password"}
            self.must("alice", "logout", **changed)
            self.assert_error(self.run_cli("alice", "--json", "contact", "add", "carol", **changed), 4,
                              "MYCHAT_E_UNAUTHORIZED")
            self.must("alice", "login", **changed)
            self.assertEqual(self.run_cli("alice", "delete-account", **changed).code, 2)
            self.must("alice", "delete-account", "--yes", **changed)
            self.assert_error(self.run_cli("alice", "--json", "login", "alice", **changed), 4, "MYCHAT_E_UNAUTHORIZED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
