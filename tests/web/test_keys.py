"""Keys that the server derives from its own secret."""

import subprocess
import sys

from pydantic import SecretStr

from flodesk_mcp.web.keys import derived_key


def test_the_first_encryption_key_decides() -> None:
    derived = derived_key(SecretStr("newest"), "identity")
    assert derived_key(SecretStr(" newest ,oldest"), "identity") == derived
    assert derived_key(SecretStr("oldest,newest"), "identity") != derived


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derived_key(SecretStr("newest"), "identity") != derived_key(SecretStr("newest"), "audit")


def test_without_an_encryption_key_each_process_has_a_secret_of_its_own() -> None:
    script = "from flodesk_mcp.web.keys import derived_key; print(derived_key(None, 'identity').hex())"
    elsewhere = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    own = derived_key(None, "identity")
    assert derived_key(SecretStr(""), "identity") == own != bytes.fromhex(elsewhere)
