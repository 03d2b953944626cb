package dev.mishap.control.security;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates for tests, by openssl. */
public final class Certificates {
    private final Path dir;

    public Certificates(Path dir) {
        this.dir = dir;
    }

    public Path file(String name) {
        return dir.resolve(name);
    }

    /** A certificate of its own. @param key of openssl's -newkey @param san such as {@code DNS:localhost,IP:127.0.0.1} */
    public void selfSigned(String name, List<String> key, String san) {
        List<String> command =
                new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=" + name));
        command.addAll(key);
        command.addAll(List.of(
                "-keyout", file(name + ".key").toString(),
                "-out", file(name + ".crt").toString(),
                "-addext", "subjectAltName=" + san));
        run(command);
    }

    void run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(command + ": " + output);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public static boolean available() {
        return Files.isExecutable(Path.of("/usr/bin/openssl"));
    }
}
