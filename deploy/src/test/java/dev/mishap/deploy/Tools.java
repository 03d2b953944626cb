package dev.mishap.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The launcher under test and the programs of other people that tests run beside it. */
final class Tools {
    private Tools() {}

    /** The root of the source tree. */
    static Path root() {
        return Path.of(System.getProperty("mishap.root", "..")).toAbsolutePath().normalize();
    }

    /** The launcher of the distribution that this build has assembled. */
    static Path launcher() {
        return Path.of(System.getProperty("mishap.home", "target/mishap"))
                .toAbsolutePath()
                .resolve("bin/mishap");
    }

    /** Skips the test, by the peer's name, when a program is not on this machine. */
    static void need(String program, String... versionArguments) {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(Arrays.asList(versionArguments));
        boolean there;
        try {
            there = run(Path.of("."), 60, command).exit() == 0;
        } catch (UncheckedIOException e) {
            there = false;
        }
        Assumptions.assumeTrue(there, "needs " + String.join(" ", command));
    }

    record Result(int exit, String out, String err) {}

    /** Runs a program to its end, on the JDK that runs the test. */
    static Result run(Path directory, int seconds, List<String> command) {
        return run(directory, seconds, Map.of(), command);
    }

    static Result run(Path directory, int seconds, Map<String, String> environment, List<String> command) {
        try {
            Path out = Files.createTempFile("out", ".txt");
            Path err = Files.createTempFile("err", ".txt");
            ProcessBuilder builder = builder(command)
                    .directory(directory.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new AssertionError(command + " still ran after " + seconds + " s:\n" + Files.readString(out)
                        + Files.readString(err));
            }
            Result result = new Result(process.exitValue(), Files.readString(out), Files.readString(err));
            Files.delete(out);
            Files.delete(err);
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A process whose JAVA_HOME is the JDK that runs the test. */
    static ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }
}
