"""What `make install` puts where, and that a stranger's program can use it."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HOUVAST_BUILD", ROOT / "build"))
STAGE = BUILD / "stage"

PROGRAM = """
#include <houvast/houvast.h>
#include <stdio.h>
int main(void) {
    struct hv_uuid uuid;
    char text[HV_UUID_TEXT_SIZE];
    hv_uuid_new(&uuid);
    hv_uuid_text(&uuid, text);
    puts(text);
    return 0;
}
"""
ELSEWHERE = ["prefix=/opt/hv", "sbindir=/opt/hv/daemons", "libdir=/opt/hv/lib/multi", "mandir=/opt/man",
             "includedir=/opt/inc", "sysconfdir=/opt/etc"]


def make(target, destination, *variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", target, "DEPS=no", f"DESTDIR={destination}", *variables]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=600)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def flags(*options):
    """What pkg-config says about the staged library."""
    environment = os.environ | {"PKG_CONFIG_SYSROOT_DIR": str(STAGE), "PKG_CONFIG_PATH": f"{STAGE}/usr/lib/pkgconfig",
                                "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    said = subprocess.run(["pkg-config", *options, "houvast"], env=environment, check=True, capture_output=True, text=True)
    return said.stdout.split()


needs_pkg_config = pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")


def test_all_parts_are_there():
    """Programs, library, headers, manual pages, completion, unit and what belongs to it."""
    assert files(STAGE / "usr") >= {
        "sbin/houvastd", "bin/houvast", "lib/libhouvast.so.0", "lib/libhouvast.so", "lib/libhouvast.a",
        "lib/pkgconfig/houvast.pc", "include/houvast/houvast.h", "include/houvast/messages.h",
        "include/houvast/wire/fields.h", "include/houvast/wire/vocabulary.h",
        "share/man/man1/houvast.1", "share/man/man3/libhouvast.3", "share/man/man5/houvast-network.5",
        "share/man/man8/houvastd.8", "share/bash-completion/completions/houvast",
        "lib/systemd/system/houvastd@.service", "lib/systemd/catalog/houvast.catalog",
        "lib/sysusers.d/houvast.conf", "lib/tmpfiles.d/houvast.conf",
        "share/doc/houvast/examples/mail.sh", "share/doc/houvast/examples/pager.sh",
        "share/doc/houvast/examples/ladder-message.jq",
        "share/doc/houvast/examples/delft/network.conf", "share/doc/houvast/examples/delft/organisations/kcc.conf"}


def test_other_places_and_uninstall(tmp_path):
    """Every variable is heeded, also inside the unit and the pkg-config file; uninstall leaves no file."""
    make("install", tmp_path, *ELSEWHERE)
    installed = files(tmp_path)
    assert all(name.startswith("opt/") for name in installed)
    assert {"opt/hv/daemons/houvastd", "opt/hv/lib/multi/libhouvast.so.0", "opt/man/man8/houvastd.8",
            "opt/inc/houvast/houvast.h"} <= installed
    unit = (tmp_path / "opt/hv/lib/systemd/system/houvastd@.service").read_text()
    assert "ExecStart=/opt/hv/daemons/houvastd --network /opt/etc/houvast/%i" in unit
    assert "ExecReload=!/opt/hv/bin/houvast --config /opt/etc/houvast/%i" in unit
    assert not re.search(r"[ :=!](/usr/s?bin|/etc)/", unit)
    assert "libdir=/opt/hv/lib/multi\n" in (tmp_path / "opt/hv/lib/multi/pkgconfig/houvast.pc").read_text()
    make("uninstall", tmp_path, *ELSEWHERE)
    assert not files(tmp_path)


@needs_pkg_config
def test_one_version():
    """pkg-config, which a program's build asks for the least that will do, and both programs say the same."""
    said = flags("--modversion")
    assert len(said) == 1 and re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", said[0]), said
    for program in ("usr/bin/houvast", "usr/sbin/houvastd"):
        shown = subprocess.run([STAGE / program, "--version"], check=True, capture_output=True, text=True).stdout
        assert shown.split()[1].rstrip(",") == said[0]


@needs_pkg_config
@pytest.mark.parametrize("compiler, language, standard", [("gcc", "c", "c17"), ("clang", "c", "c17"),
                                                          ("g++", "c++", "c++17"), ("clang++", "c++", "c++17")])
def test_the_header_compiles_as_installed(compiler, language, standard, tmp_path):
    """With nothing of this tree in sight."""
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}")
    (tmp_path / "header").write_text("#include <houvast/houvast.h>\n")
    subprocess.run([compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                    "-fsyntax-only", *flags("--cflags"), "header"], cwd=tmp_path, check=True)


@needs_pkg_config
@pytest.mark.parametrize("static", [False, True])
def test_a_program_links_and_runs(static, tmp_path):
    """With the shared library, and with the static one and what it needs."""
    (tmp_path / "program.c").write_text(PROGRAM)
    libraries = flags("--libs")
    if static:
        libraries = [str(STAGE / "usr/lib/libhouvast.a"), "-lzmq", "-lsodium", "-lmsgpackc", "-lunistring", "-pthread"]
    subprocess.run(["gcc", "-std=c17", *flags("--cflags"), "program.c", "-o", "program", *libraries], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "program"], env={"LD_LIBRARY_PATH": f"{STAGE}/usr/lib"}, check=True,
                          capture_output=True, text=True)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\n", said.stdout)


def test_the_shared_library_shows_versioned_names_alone():
    """Every name is of houvast.h and of version HOUVAST_0."""
    said = subprocess.run(["objdump", "-T", STAGE / "usr/lib/libhouvast.so.0"], check=True, capture_output=True, text=True)
    shown = [line.split() for line in said.stdout.splitlines() if re.match(r"^[0-9a-f]+ g", line) and "*UND*" not in line]
    names = {row[-1] for row in shown if row[-1] != "HOUVAST_0"}
    assert names and all(name.startswith("hv_") for name in names)
    assert {row[-2] for row in shown if row[-1] in names} == {"HOUVAST_0"}


# ---- completion ----


def completed(*words):
    script = f'. "{STAGE}/usr/share/bash-completion/completions/houvast"; COMP_WORDS=("$@"); ' \
             f'COMP_CWORD=$(($# - 1)); _houvast "{STAGE}/usr/bin/houvast"; printf "%s\\n" "${{COMPREPLY[@]}}"'
    said = subprocess.run(["bash", "-uc", script, "bash", *words], check=True, capture_output=True, text=True)
    assert not said.stderr
    return said.stdout.split()


def test_completion_knows_the_subcommands_of_the_tool():
    """The same as --help lists."""
    said = subprocess.run([STAGE / "usr/bin/houvast", "--help"], check=True, capture_output=True, text=True).stdout
    listed = re.findall(r"^  ([a-z-]+) ", said.split("Subcommands:")[1], re.MULTILINE)
    assert len(listed) > 15 and completed("houvast", "") == listed


@pytest.mark.parametrize("words, wanted", [
    (["houvast", "rel"], ["reload"]),
    (["houvast", "clock"], ["clock-accept"]),
    (["houvast", "note", "--for"], ["--for="]),
    (["houvast", "--role", "operator", "rel"], ["reload"]),
    (["houvast", "--role", "co"], ["coordinator"]),
    (["houvast", "offer", "--kind", ""], ["warm", "cold", "callback", "signal"]),
    (["houvast", "offer", "--kind", "=", "w"], ["warm"]),
    (["houvast", "offer", "--ki"], ["--kind="]),
    (["houvast", "network", ""], ["init", "check", "show", "ladders"]),
    (["houvast", "network", "init", "--environment", "t"], ["test"]),
    (["houvast", "network", "init", "--ex"], ["--example="]),
    (["houvast", "network", "check", "--li"], ["--live"]),
    (["houvast", "receipt", "verify", "--n"], ["--network="]),
    (["houvast", "watch", "--phase", "pi"], ["pick-up"]),
    (["houvast", "list", "--lo"], ["--long"]),
    (["houvast", "claim", "9f7a", "--un"], ["--until="]),
    (["houvast", "listen", "--exec", "program", "--js"], []),
    (["houvast", "nonsense", "--"], []),
])
def test_completion(words, wanted):
    """Options are the subcommand's own, words are those that an option takes."""
    assert completed(*words) == wanted
