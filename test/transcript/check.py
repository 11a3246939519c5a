"""Checks a transcript by the specifications of DSSE and in-toto alone; shares nothing with the project's code."""

import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


def verify(pem, keyid, signature, message):
    key = serialization.load_pem_public_key(pem.encode())
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(der).hexdigest() == keyid
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, message)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        digest = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384}[key.curve.name]
        key.verify(signature, message, ec.ECDSA(digest()))


def main(folder):
    keys, previous, entries, signatures = {}, None, 0, 0
    with open(f"{folder}/transcript.intoto.jsonl", "rb") as transcript:
        for line in transcript:
            line = line.removesuffix(b"\n")
            envelope = json.loads(line)
            payload = base64.b64decode(envelope["payload"], validate=True)
            statement = json.loads(payload)
            assert statement["_type"] == "https://in-toto.io/Statement/v1" and statement["subject"]
            assert json.dumps(statement, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode() == payload
            predicate = statement["predicate"]
            assert predicate["previous"] == previous and predicate["sequence"] == entries
            if predicate["kind"] == "opened":
                for who in [*predicate["stations"].values(), *predicate["officers"]]:
                    keys[who["keyid"]] = who["public_key"]
            kind = envelope["payloadType"].encode()
            message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
            for signature in envelope["signatures"]:
                verify(keys[signature["keyid"]], signature["keyid"], base64.b64decode(signature["sig"], validate=True), message)
                signatures += 1
            previous = {"sha256": hashlib.sha256(line).hexdigest()}
            entries += 1
    print(f"{entries} entries, {signatures} signatures")


main(sys.argv[1])
