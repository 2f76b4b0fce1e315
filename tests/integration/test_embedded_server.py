"""The embedded server: what a developer's machine may do to it, and what it must survive."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import psutil
import psycopg
import pytest

from payflow_adapters.postgres import _server_programs as server_programs
from payflow_adapters.postgres.server import EmbeddedServer, EmbeddedServerError, binaries

# It takes a tenth of a second; the rest is for a busy machine.
RESTART_SECONDS_MAX = 5
EVENTUALLY_SECONDS_MAX = 20

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
on_linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a death")

PROGRAM = """
import sys
from pathlib import Path
from payflow_adapters.postgres.server import EmbeddedServer

with EmbeddedServer.start(Path(sys.argv[1])) as server:
    server.create_database("payflow")
    print(server.pid, server.url(), flush=True)
    sys.stdin.read()
"""


@attrs.frozen
class Program:
    """Another program that runs a server, as ``payflow dev`` does, and can be killed."""

    pid: int
    server_pid: int
    url: str

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def kill_with_everything_below(self) -> None:
        program = psutil.Process(self.pid)
        kill_all([program, *program.children(recursive=True)])


def python(source: str, data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 (a program from this file)
        [sys.executable, "-c", source, data_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


@contextmanager
def program_running_a_server(data_dir: Path) -> Iterator[Program]:
    with python(PROGRAM, data_dir) as process:
        assert process.stdout is not None
        server_pid, url = process.stdout.readline().split()
        try:
            yield Program(process.pid, int(server_pid), url)
        finally:
            kill_all([psutil.Process(process.pid), *processes_in(data_dir)])


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def processes_in(data_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cwd"]):
        directory = process.info["cwd"]
        if directory and Path(directory).is_relative_to(data_dir.resolve()):
            found.append(process)
    return found


def kill_all(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + EVENTUALLY_SECONDS_MAX
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def insert_until_the_server_dies(url: str, writer: int) -> list[tuple[int, int]]:
    """Return what the server said it had committed."""
    committed = []
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(10**9):
                connection.execute("INSERT INTO payment VALUES (%s, %s)", (writer, number))
                committed.append((writer, number))
    except psycopg.OperationalError:
        return committed
    raise AssertionError("the server never died")


class TestStarting:
    def test_a_first_start_makes_a_server_that_accepts_connections(self, tmp_path: Path) -> None:
        with EmbeddedServer.start(tmp_path / "not" / "there" / "yet") as server:
            version = query(server.url("postgres"), "SHOW server_version_num")

        assert str(version[0][0]).startswith("18")

    def test_a_restart_is_quick_and_keeps_the_data(
        self, tmp_path: Path, record_property: Callable[[str, object], None]
    ) -> None:
        with EmbeddedServer.start(tmp_path) as first:
            first.create_database("payflow")
            query(first.url(), "CREATE TABLE payment AS SELECT 42 AS amount")

        started_at = time.perf_counter()
        with EmbeddedServer.start(tmp_path) as second:
            restart_seconds = time.perf_counter() - started_at
            kept = query(second.url(), "SELECT amount FROM payment")

        record_property("restart_seconds", restart_seconds)
        assert kept == [(42,)]
        assert restart_seconds < RESTART_SECONDS_MAX

    def test_texts_are_utf8_and_sort_alike_on_every_machine(self, database_url: str) -> None:
        rows = query(database_url, "SELECT w FROM unnest(ARRAY['é', 'z', 'Z', '円']) w ORDER BY w")

        assert [word for (word,) in rows] == ["Z", "z", "é", "円"]

    def test_servers_run_side_by_side(self, tmp_path: Path) -> None:
        with (
            EmbeddedServer.start(tmp_path / "one") as one,
            EmbeddedServer.start(tmp_path / "other") as other,
        ):
            one.create_database("payflow")

            assert one.port != other.port
            assert query(one.url(), "SELECT 1") == [(1,)]
            with pytest.raises(psycopg.OperationalError, match="does not exist"):
                query(other.url(), "SELECT 1")

    def test_a_path_too_long_for_a_socket_is_no_hindrance(self, tmp_path: Path) -> None:
        data_dir = tmp_path / ("long" * 30)

        with EmbeddedServer.start(data_dir) as server:
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]

    def test_a_server_outlives_the_thread_that_started_it(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor() as threads:
            started = threads.submit(EmbeddedServer.start, tmp_path)

        with started.result() as server:
            time.sleep(0.2)
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]

    @as_root_only
    def test_a_directory_closed_to_other_accounts_is_no_hindrance(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)

        with EmbeddedServer.start(closed / "data") as server:
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]
            assert psutil.Process(server.pid).uids().effective != 0
            assert closed.stat().st_mode & 0o777 == 0o700

    @as_root_only
    def test_programs_closed_to_other_accounts_are_no_hindrance(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        installed = binaries().parent.parent
        for part in (installed, installed.with_name(f"{installed.name}.libs")):
            if part.exists():
                shutil.copytree(part, tmp_path / "closed" / part.name)
        (tmp_path / "closed").chmod(0o700)
        monkeypatch.syspath_prepend(tmp_path / "closed")

        with tempfile.TemporaryDirectory() as cache:
            Path(cache).chmod(0o755)
            monkeypatch.setattr(server_programs, "SHARED_COPIES", Path(cache))
            with EmbeddedServer.start(tmp_path / "data") as server:
                assert query(server.url("postgres"), "SELECT 1") == [(1,)]
                assert psutil.Process(server.pid).exe().startswith(cache)


class TestAccess:
    def test_nobody_enters_without_the_password(self, postgres_server: EmbeddedServer) -> None:
        without = f"postgresql://postgres:guess@127.0.0.1:{postgres_server.port}/postgres"

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            query(without, "SELECT 1")

    def test_the_application_is_no_superuser_but_owns_its_database(self, database_url: str) -> None:
        (row,) = query(
            database_url,
            "SELECT usename, usesuper, datdba = usesysid FROM pg_user, pg_database"
            " WHERE usename = current_user AND datname = current_database()",
        )

        assert row == ("payflow", False, True)

    def test_a_url_holds_the_password_to_create_another_user_with(
        self, postgres_server: EmbeddedServer, database_url: str
    ) -> None:
        database = database_url.rpartition("/")[2]
        url = postgres_server.url(database, "o'hara@work")
        password = psycopg.conninfo.conninfo_to_dict(url)["password"]

        query(database_url, f"""CREATE ROLE "o'hara@work" LOGIN PASSWORD '{password}'""")

        assert query(url, "SELECT session_user::text") == [("o'hara@work",)]
        query(database_url, """DROP ROLE "o'hara@work" """)


class TestDatabases:
    def test_creating_one_that_exists_changes_nothing(
        self, postgres_server: EmbeddedServer, database_url: str
    ) -> None:
        name = database_url.rpartition("/")[2]
        query(database_url, "CREATE TABLE payment AS SELECT 42 AS amount")

        postgres_server.create_database(name)

        assert query(database_url, "SELECT amount FROM payment") == [(42,)]
        log = (postgres_server.data_dir / "server.log").read_text()
        assert f'database "{name}" already exists' not in log

    def test_a_copy_has_what_its_template_has(
        self, postgres_server: EmbeddedServer, database_url: str
    ) -> None:
        query(database_url, "CREATE TABLE payment AS SELECT 42 AS amount")

        postgres_server.create_database("a copy", template=database_url.rpartition("/")[2])

        assert query(postgres_server.url("a copy"), "SELECT amount FROM payment") == [(42,)]
        postgres_server.drop_database("a copy")

    def test_one_in_use_can_be_dropped_and_one_that_is_gone_too(
        self, postgres_server: EmbeddedServer
    ) -> None:
        postgres_server.create_database("in use")

        with psycopg.connect(postgres_server.url("in use")):
            postgres_server.drop_database("in use")
            postgres_server.drop_database("in use")

        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            query(postgres_server.url("in use"), "SELECT 1")


class TestSettings:
    def test_a_commit_is_on_disk_unless_told_otherwise(self, tmp_path: Path) -> None:
        with EmbeddedServer.start(tmp_path, settings={"max_connections": "50"}) as server:
            values = query(
                server.url("postgres"),
                "SELECT current_setting(s) FROM unnest(ARRAY"
                "['fsync', 'full_page_writes', 'synchronous_commit', 'max_connections']) s",
            )

        assert values == [("on",), ("on",), ("on",), ("50",)]

    def test_a_wrong_one_is_refused_in_postgresqls_own_words(self, tmp_path: Path) -> None:
        with pytest.raises(EmbeddedServerError, match="unrecognized configuration parameter"):
            EmbeddedServer.start(tmp_path, settings={"no_such_setting": "1"})

        with EmbeddedServer.start(tmp_path) as server:
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]

    def test_where_it_listens_is_not_for_the_caller_to_say(self, tmp_path: Path) -> None:
        with pytest.raises(EmbeddedServerError, match="chooses its own listen_addresses"):
            EmbeddedServer.start(tmp_path, settings={"listen_addresses": "*"})


class TestStopping:
    def test_nothing_is_left_running(self, tmp_path: Path) -> None:
        server = EmbeddedServer.start(tmp_path)

        with psycopg.connect(server.url("postgres")):
            server.stop()

        assert not psutil.pid_exists(server.pid)
        assert processes_in(tmp_path) == []

    def test_stopping_twice_is_stopping_once(self, tmp_path: Path) -> None:
        server = EmbeddedServer.start(tmp_path)
        server.stop()

        with EmbeddedServer.start(tmp_path) as successor:
            server.stop()

            assert query(successor.url("postgres"), "SELECT 1") == [(1,)]

    def test_a_program_that_ends_takes_its_server_along(self, tmp_path: Path) -> None:
        forgets_to_stop = PROGRAM.replace("with ", "server = ").replace(" as server:", "\nif True:")

        with python(forgets_to_stop, tmp_path) as program:
            program.communicate()

        assert program.returncode == 0
        assert processes_in(tmp_path) == []


class TestTwoProgramsOnOneDirectory:
    def test_the_second_is_refused_and_told_who_is_there(self, tmp_path: Path) -> None:
        with program_running_a_server(tmp_path) as program:
            with pytest.raises(EmbeddedServerError, match=f"started by process {program.pid}"):
                EmbeddedServer.start(tmp_path)

            assert query(program.url, "SELECT 1") == [(1,)]

    def test_the_second_is_refused_within_one_program_too(self, tmp_path: Path) -> None:
        with (
            EmbeddedServer.start(tmp_path),
            pytest.raises(EmbeddedServerError, match="already runs"),
        ):
            EmbeddedServer.start(tmp_path)


class TestKilling:
    def test_killing_everything_under_load_loses_nothing_that_was_committed(
        self, tmp_path: Path
    ) -> None:
        with ThreadPoolExecutor() as threads, program_running_a_server(tmp_path) as program:
            query(program.url, "CREATE TABLE payment (writer int, number int)")
            writers = [
                threads.submit(insert_until_the_server_dies, program.url, writer)
                for writer in range(4)
            ]
            time.sleep(1)
            program.kill_with_everything_below()
            committed = {row for writer in writers for row in writer.result()}

        with EmbeddedServer.start(tmp_path) as server:
            kept = set(query(server.url(), "SELECT writer, number FROM payment"))

        assert {writer for writer, _ in committed} == {0, 1, 2, 3}
        assert committed <= kept

    @on_linux_only
    def test_killing_the_program_stops_its_server(self, tmp_path: Path) -> None:
        with program_running_a_server(tmp_path) as program:
            program.kill()

            assert eventually(lambda: not processes_in(tmp_path))

    def test_a_server_whose_program_was_killed_makes_way_for_the_next(self, tmp_path: Path) -> None:
        with program_running_a_server(tmp_path) as program:
            query(program.url, "CREATE TABLE payment AS SELECT 42 AS amount")
            program.kill()

            with EmbeddedServer.start(tmp_path) as server:
                assert query(server.url(), "SELECT amount FROM payment") == [(42,)]
                # Dead at once, gone when whoever inherited it has taken note.
                assert eventually(lambda: not psutil.pid_exists(program.server_pid))

    def test_a_backend_that_outlives_its_server_makes_way_for_the_next(
        self, tmp_path: Path
    ) -> None:
        busy = "DO 'BEGIN LOOP END LOOP; END'"
        is_busy = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'"
        )
        with ThreadPoolExecutor() as threads, program_running_a_server(tmp_path) as program:
            answer = threads.submit(query, program.url, busy)
            assert eventually(lambda: query(program.url, is_busy) == [(1,)])
            os.kill(program.server_pid, signal.SIGKILL)
            program.kill()
            assert processes_in(tmp_path)  # and it holds on to the server's shared memory

            with EmbeddedServer.start(tmp_path) as server:
                assert query(server.url(), "SELECT 1") == [(1,)]
            assert isinstance(answer.exception(), psycopg.OperationalError)

    def test_a_half_made_cluster_is_made_anew(self, tmp_path: Path) -> None:
        with python(PROGRAM, tmp_path) as program:
            assert eventually(lambda: any(tmp_path.glob("*/PG_VERSION")))
            program.kill()
        assert not (tmp_path / "cluster").exists()

        with EmbeddedServer.start(tmp_path) as server:
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]
            assert [path.name for path in tmp_path.glob("cluster*")] == ["cluster"]

    def test_lock_files_that_name_somebody_elses_process_are_no_hindrance(
        self, tmp_path: Path
    ) -> None:
        EmbeddedServer.start(tmp_path).stop()
        stranger = f"{psutil.Process().ppid()}\n{tmp_path}\n"
        (tmp_path / "cluster" / "postmaster.pid").write_text(stranger)
        (tmp_path / "cluster" / ".s.PGSQL.1.lock").write_text(stranger)

        with EmbeddedServer.start(tmp_path) as server:
            assert query(server.url("postgres"), "SELECT 1") == [(1,)]
            assert not list(tmp_path.glob("cluster/.s.PGSQL.1.*"))


class TestForeignDirectories:
    def test_a_file_in_the_way_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("not a directory")

        with pytest.raises(EmbeddedServerError, match="choose another data directory"):
            EmbeddedServer.start(tmp_path / "data")

    def test_what_is_no_server_of_ours_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        foreign = tmp_path / "cluster" / "foreign"
        foreign.parent.mkdir()
        foreign.write_text("somebody's")

        with pytest.raises(EmbeddedServerError, match="cluster holds something else"):
            EmbeddedServer.start(tmp_path)

        assert foreign.read_text() == "somebody's"

    def test_another_versions_data_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        EmbeddedServer.start(tmp_path).stop()
        (tmp_path / "cluster" / "PG_VERSION").write_text("17\n")

        with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 17 and this is 18"):
            EmbeddedServer.start(tmp_path)

        assert (tmp_path / "cluster" / "PG_VERSION").read_text() == "17\n"
