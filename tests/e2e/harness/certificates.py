"""Certificates of an authority that nobody else trusts."""
from . import processes


class Authority:
    def __init__(self, folder, name="ca"):
        self._folder = folder
        self._name = name
        self.file = folder / f"{name}.pem"  #: what a client is to trust
        self._key = folder / f"{name}.key"
        processes.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                       "-days", "2", "-subj", f"/CN={name} of the tests", "-keyout", self._key, "-out", self.file])

    def certify(self, *names):
        """A certificate for these names and addresses: (certificate, key)."""
        first = f"{self._name}-{names[0]}"
        request, key, made = (self._folder / f"{first}.{end}" for end in ("csr", "key", "crt"))
        processes.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                       "-subj", f"/CN={names[0]}", "-keyout", key, "-out", request])
        listed = ",".join(f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names)
        extensions = self._folder / f"{first}.ext"
        extensions.write_text(f"subjectAltName = {listed}\n", encoding="ascii")
        processes.run(["openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                       "-CAcreateserial",
                       "-days", "2", "-extfile", extensions, "-out", made])
        return made, key
