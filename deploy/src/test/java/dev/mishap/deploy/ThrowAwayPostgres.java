package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A PostgreSQL server with an empty database, gone with its directory when closed. It does not run as root, since it refuses to. */
final class ThrowAwayPostgres implements AutoCloseable {
    private final Path bin;
    private final Path data;
    final int port;

    /** Skips the test where there is no PostgreSQL. */
    static void need() {
        Tools.need("psql", "--version");
        Tools.need(bin().resolve("initdb").toString(), "--version");
        if (isRoot()) {
            Tools.need("runuser", "-u", "nobody", "--", "true");
        }
    }

    /** The newest of Debian's, which are not on the path. */
    private static Path bin() {
        Path all = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(all)) {
            return Path.of("");
        }
        try (Stream<Path> versions = Files.list(all)) {
            return versions.max(Comparator.comparing(Path::toString))
                    .map(v -> v.resolve("bin"))
                    .orElse(Path.of(""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    /** @param directory the test's own; others get to see its names */
    ThrowAwayPostgres(Path directory) throws IOException {
        bin = bin();
        port = ProxyProcess.freePort();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        data = Files.createDirectory(directory.resolve("postgres"));
        if (isRoot()) {
            Files.setOwner(
                    data, data.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        }
        run("initdb", "-D", data.toString(), "--no-sync", "--auth=trust", "--username=app", "--encoding=UTF8");
        String options = "-p " + port + " -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=''";
        run("pg_ctl", "-D", data.toString(), "-w", "-l", data.resolve("log").toString(), "-o", options, "start");
    }

    private void run(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("runuser", "-u", "nobody", "--"));
        }
        command.add(bin.resolve(program).toString());
        command.addAll(List.of(arguments));
        Tools.Result result = Tools.run(data, 60, command);
        assertThat(result.exit()).as(result.out() + result.err()).isZero();
    }

    @Override
    public void close() {
        run("pg_ctl", "-D", data.toString(), "-m", "immediate", "-w", "stop");
    }
}
