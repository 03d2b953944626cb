package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.rules.yaml.DocumentText;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A command that calls a control plane. */
abstract class ClientCommand implements Callable<Integer> {
    static final String EXIT_CODES =
            "Exit codes: 0 done, 1 the control plane refused or could not be reached, 2 bad input.";

    private static final JsonMapper JSON = new JsonMapper();

    /** In which form a result is printed. */
    enum Output {
        table,
        wide,
        json,
        yaml,
        name
    }

    @Spec
    CommandSpec spec;

    @Mixin
    Connection connection = new Connection();

    abstract int run(ApiClient client) throws ApiException;

    @Override
    public Integer call() {
        ApiClient client = connection.client(spec.commandLine());
        try {
            return run(client);
        } catch (ApiException e) {
            fail(e);
            return Mishap.NO;
        } catch (Place.BadName e) {
            throw bad(plain(String.valueOf(e.getMessage())));
        } finally {
            out().flush();
            err().flush();
        }
    }

    void fail(ApiException e) {
        err().println("mishap: "
                + String.valueOf(e.getMessage())
                        .lines()
                        .map(ClientCommand::plain)
                        .collect(Collectors.joining("\n")));
        if (e.fields().size() > 1
                || e.fields().stream()
                        .anyMatch(f -> !String.valueOf(e.getMessage()).contains(f))) {
            e.fields().forEach(field -> err().println("  " + plain(field)));
        }
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    ParameterException bad(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    void print(JsonNode node, Output form) {
        if (form == Output.yaml) {
            out().print(DocumentText.yaml(map(node)));
        } else {
            out().print(DocumentText.json(map(node)));
        }
        out().flush();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(JsonNode node) {
        return (Map<String, Object>) JSON.convertValue(node, LinkedHashMap.class);
    }

    static String text(JsonNode node, String pointer) {
        JsonNode value = node.at(pointer);
        return value.isMissingNode() || value.isNull() ? "" : text(value);
    }

    /** A value on one line of a terminal. */
    static String text(JsonNode value) {
        return plain(value.asString(""));
    }

    /**
     * A text with its control characters written out. What others wrote, such as a reason, a label or the id of a node, could
     * otherwise end a line and forge the next, or steer the terminal.
     */
    static String plain(String text) {
        StringBuilder plain = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (steers(c)) {
                if (plain == null) {
                    plain = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                plain.append(c == '\n' ? "\\n" : c == '\t' ? "\\t" : String.format("\\u%04x", (int) c));
            } else if (plain != null) {
                plain.append(c);
            }
        }
        return plain == null ? text : plain.toString();
    }

    /** Control characters, separators of lines, and marks that turn the direction of writing. */
    private static boolean steers(char c) {
        return Character.isISOControl(c)
                || c == '\u2028'
                || c == '\u2029'
                || c >= '\u202a' && c <= '\u202e'
                || c >= '\u2066' && c <= '\u2069';
    }

    static String dash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    /** {@code 5m} ago or until then; empty for what is no time. */
    static String distance(String instant) {
        try {
            Duration duration =
                    Duration.between(Instant.now(), Instant.parse(instant)).abs();
            if (duration.toDays() > 1) {
                return duration.toDays() + "d";
            } else if (duration.toHours() > 1) {
                return duration.toHours() + "h";
            } else if (duration.toMinutes() > 1) {
                return duration.toMinutes() + "m";
            }
            return duration.toSeconds() + "s";
        } catch (DateTimeParseException e) {
            return "";
        }
    }
}
