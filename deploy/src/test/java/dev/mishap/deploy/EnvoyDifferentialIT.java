package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The same configuration and the same requests as the real Envoy got, against us: every folder of src/test/envoy-cases is one
 * case with what Envoy did. {@link EnvoyRecordsIT} plays the records against Envoy itself.
 */
class EnvoyDifferentialIT {
    /** More failures than this are no accident of timing. */
    private static final int MOST_AGAIN = 12;

    private static final int TIMES_AGAIN = 3;

    /** So many cases run at a time: most of a case is waiting. */
    private static final int AT_ONCE = 2;

    private static final Path TESTS = Tools.root().resolve("deploy/src/test");

    @TestFactory
    Stream<DynamicTest> mishapDoesAsEnvoyDid() throws IOException {
        Tools.need("python3", "-c", "import h2");
        return play(Tools.launcher() + " proxy");
    }

    static Stream<DynamicTest> play(String program) throws IOException {
        List<String> names;
        try (Stream<Path> folders = Files.list(TESTS.resolve("envoy-cases"))) {
            names = folders.filter(f -> Files.exists(f.resolve("case.json")))
                    .map(f -> f.getFileName().toString())
                    .sorted()
                    .toList();
        }
        assertThat(names).isNotEmpty();
        List<CompletableFuture<Tools.Result>> shards = IntStream.range(0, AT_ONCE)
                .mapToObj(i ->
                        CompletableFuture.supplyAsync(() -> diffrun(program, List.of("--shard", i + "/" + AT_ONCE))))
                .toList();
        Map<String, List<String>> verdicts = new TreeMap<>();
        StringBuilder errors = new StringBuilder();
        for (CompletableFuture<Tools.Result> shard : shards) {
            verdicts.putAll(verdicts(shard.join().out()));
            errors.append(shard.join().err());
        }
        // Cases go by the clock of a machine that others use, too: what failed among all the others is played again,
        // alone.
        for (int again = 0; again < TIMES_AGAIN; again++) {
            List<String> failed = failed(verdicts);
            if (failed.size() > MOST_AGAIN) {
                break;
            }
            for (String name : failed) {
                System.err.println("played again against " + program + ": "
                        + String.join("\n", verdicts.getOrDefault(name, List.of())));
                verdicts.putAll(
                        verdicts(diffrun(program, List.of("--only", name)).out()));
            }
        }
        return names.stream()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    List<String> lines = verdicts.get(name);
                    assertThat(lines).as("verdict on " + name + "; " + errors).isNotNull();
                    assertThat(String.join("\n", lines)).startsWith("ok ");
                }));
    }

    private static List<String> failed(Map<String, List<String>> verdicts) {
        return verdicts.entrySet().stream()
                .filter(verdict -> verdict.getValue().get(0).startsWith("FAIL "))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static Tools.Result diffrun(String program, List<String> more) {
        List<String> command = new ArrayList<>(
                List.of("python3", "python/diffrun.py", "--bin", program, "--cases", TESTS + "/envoy-cases"));
        command.addAll(more);
        return Tools.run(TESTS, 1800, command);
    }

    /** Each case's line ("ok NAME (1.2s)" or "FAIL NAME …") with the indented lines under it. */
    private static Map<String, List<String>> verdicts(String out) {
        Map<String, List<String>> verdicts = new TreeMap<>();
        List<String> current = new ArrayList<>();
        for (String line : out.split("\n")) {
            if (line.startsWith("ok ") || line.startsWith("FAIL ")) {
                current = new ArrayList<>();
                verdicts.put(line.trim().split("\\s+")[1], current);
            }
            current.add(line);
        }
        return verdicts;
    }
}
