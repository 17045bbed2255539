"""The example programs against a real node."""

import subprocess
import unittest

from cli_node import LIMIT, Case, Running, program


class Examples(Case):
    def test_two_clients_in_one_process_exchange_messages_with_receipts(self):
        process = subprocess.run([program("MYCHAT_TWO_CLIENTS"), self.node.url], capture_output=True, text=True,
                                 timeout=LIMIT, stdin=subprocess.DEVNULL)
        self.assertEqual(process.returncode, 0, process.stderr)
        for words in ("received from alice", "my message was delivered", "my message was read",
                      "Yes, and nobody else does."):
            self.assertIn(words, process.stdout)

    def test_the_echo_bot_answers_each_message_once_also_after_a_restart(self):
        self.must("alice", "register", "alice", "--no-backup")
        for round_number in (1, 2):
            bot = Running([program("MYCHAT_ECHO_BOT"), self.node.url, str(self.folder / "bot"), "echo", "1"],
                          self.environment(), self.folder)
            try:
                self.assertEqual(bot.line(), "ready")
                self.must("alice", "send", "echo@localhost", f"hello {round_number}")
                self.assertTrue(bot.line().startswith("answered "))
            finally:
                code = bot.end()
            self.assertEqual(code, 0)
            out = self.must("alice", "listen", "--once", "--timeout", LIMIT).out
            self.assertIn(f"echo@localhost [signed]: hello {round_number}", out)
        self.must("alice", "history", "echo@localhost", "--sync")
        page = self.must("alice", "--json", "history", "echo@localhost").json()["messages"]
        self.assertEqual([item["text"] for item in page], ["hello 1", "hello 1", "hello 2", "hello 2"])

    def test_the_echo_bot_says_what_it_needs(self):
        process = subprocess.run([program("MYCHAT_ECHO_BOT")], capture_output=True, text=True, timeout=LIMIT,
                                 stdin=subprocess.DEVNULL)
        self.assertEqual(process.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
