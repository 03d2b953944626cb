package dev.mishap.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rows of acceptance.txt, whose verdicts are Envoy's. */
class AcceptanceTest {
    private static String base = "";

    @TempDir
    static Path directory;

    /**
     * A configuration and its verdict.
     *
     * @param place where {@code text} is put
     * @param verdict {@code OK}, or words of the refusal
     */
    record Row(String place, String text, String verdict) {
        String configuration() {
            return fill(base, place, text);
        }
    }

    static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(AcceptanceTest.class.getResourceAsStream("acceptance.txt"))) {
            String[] parts = new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n===\n");
            base = parts[0];
            for (String line : parts[1].split("\n")) {
                if (!line.startsWith("#")) {
                    int first = line.indexOf('|');
                    int last = line.lastIndexOf(" | ");
                    rows.add(new Row(
                            line.substring(0, first).strip(),
                            unquoted(line.substring(first + 1, last).strip()),
                            line.substring(last + 3).strip()));
                }
            }
        }
        return rows;
    }

    private static String unquoted(String text) {
        if (text.length() > 1
                && "'\"".indexOf(text.charAt(0)) >= 0
                && text.charAt(0) == text.charAt(text.length() - 1)) {
            return text.substring(1, text.length() - 1).replace("\\n", "\n");
        }
        return text;
    }

    /** The text with {@code place} filled and the other places as they are otherwise; places may hold places. */
    private static String fill(String text, String place, String with) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (true) {
            int start = text.indexOf("<<", at);
            if (start < 0) {
                return out.append(text, at, text.length()).toString();
            }
            int bar = text.indexOf('|', start);
            int end = start + 2;
            for (int depth = 1; depth > 0; end += 2) {
                int open = text.indexOf("<<", end);
                int close = text.indexOf(">>", end);
                depth += open >= 0 && open < close ? 1 : -1;
                end = open >= 0 && open < close ? open : close;
            }
            out.append(text, at, start);
            boolean here = text.substring(start + 2, bar).equals(place);
            out.append(here ? with : fill(text.substring(bar + 1, end - 2), place, with));
            at = end;
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void asEnvoyJudges(Row row) throws IOException {
        String yaml = row.configuration();
        String verdict = "OK";
        try {
            Path file = Files.writeString(directory.resolve("c.yaml"), yaml);
            Options options = CommandLine.parse("--mode", "validate", "-c", file.toString())
                    .options();
            new Server(options, BootstrapLoader.load(options)).close();
        } catch (ConfigException | CommandLine.UsageException e) {
            verdict = String.valueOf(e.getMessage());
        }
        if (row.verdict().equals("OK")) {
            assertThat(verdict).as(yaml).isEqualTo("OK");
        } else {
            assertThat(verdict).as(yaml).contains(row.verdict());
        }
    }
}
