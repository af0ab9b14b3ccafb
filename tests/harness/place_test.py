# SPDX-License-Identifier: Apache-2.0
"""As many guests at once as there are places, whoever takes them."""
import fcntl
import os
import tempfile
import threading
import unittest
from unittest import mock

import support  # noqa: F401 (finds the harness)
from harness import place


class Room(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(mock.patch.dict(os.environ, {"WARRANT_CACHE": folder.name, "WARRANT_GUESTS": "2"}))

    def guest(self):
        """A guest that would boot now: the event tells whether it has."""
        booted = threading.Event()

        def boot():
            with place.room_for_guest():
                booted.set()

        thread = threading.Thread(target=boot)
        thread.start()
        self.addCleanup(thread.join)
        return booted

    def test_two_find_room_and_a_third_waits_for_one_to_end(self):
        with place.room_for_guest():
            with place.room_for_guest():
                third = self.guest()
                self.assertFalse(third.wait(0.5))
            self.assertTrue(third.wait(10))

    def test_a_place_that_another_program_has_locked_is_taken(self):
        with open(place.cache_dir("slots") / "1", "w") as taken:
            fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with place.room_for_guest():
                second = self.guest()
                self.assertFalse(second.wait(0.5))
                fcntl.flock(taken, fcntl.LOCK_UN)
                self.assertTrue(second.wait(10))

    def test_without_a_number_there_is_always_room(self):
        with mock.patch.dict(os.environ, {"WARRANT_GUESTS": ""}):
            with place.room_for_guest(), place.room_for_guest(), place.room_for_guest():
                self.assertTrue(self.guest().wait(10))


if __name__ == "__main__":
    unittest.main()
