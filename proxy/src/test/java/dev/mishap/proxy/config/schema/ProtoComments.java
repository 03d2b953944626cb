package dev.mishap.proxy.config.schema;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The comments of our own messages, by the full name of what they are about. Compiled descriptors have none. Reads the sources as they
 * are formatted: one thing a line, its comment right above it.
 */
final class ProtoComments {
    private static final Pattern PACKAGE = Pattern.compile("package ([\\w.]+);");
    private static final Pattern BLOCK = Pattern.compile("(message|enum|oneof) (\\w+) \\{.*");
    private static final Pattern FIELD = Pattern.compile("(?:repeated )?[\\w.]+(?:<.*>)? (\\w+) = \\d+.*");
    private static final Pattern VALUE = Pattern.compile("(\\w+) = \\d+;");

    private final Map<String, String> comments = new HashMap<>();

    static ProtoComments of(Iterable<Path> protos) {
        ProtoComments all = new ProtoComments();
        for (Path proto : protos) {
            try {
                all.read(Files.readString(proto));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return all;
    }

    /** The comment of a message, an enum, a field or an enum's value, in one line; {@code ""} when it has none. */
    String of(String fullName) {
        return comments.getOrDefault(fullName, "");
    }

    private void read(String source) {
        Deque<String> scopes = new ArrayDeque<>();
        StringBuilder comment = new StringBuilder();
        int options = 0;
        for (String each : source.split("\n")) {
            String line = each.strip();
            if (line.startsWith("//")) {
                comment.append(comment.isEmpty() ? "" : " ")
                        .append(line.substring(2).strip());
                continue;
            }
            Matcher matcher = PACKAGE.matcher(line);
            if (matcher.matches()) {
                scopes.push(matcher.group(1));
            } else if (options > 0) {
                options += count(line, '{') + count(line, '[') - count(line, '}') - count(line, ']');
            } else if ((matcher = BLOCK.matcher(line)).matches()) {
                boolean oneof = matcher.group(1).equals("oneof");
                String name = scopes.peek() + "." + matcher.group(2);
                note(name, comment);
                // The fields of a oneof are the message's.
                scopes.push(oneof ? String.valueOf(scopes.peek()) : name);
            } else if (line.equals("}")) {
                scopes.pop();
            } else if ((matcher = FIELD.matcher(line)).matches() || (matcher = VALUE.matcher(line)).matches()) {
                note(scopes.peek() + "." + matcher.group(1), comment);
                options = count(line, '{') + count(line, '[') - count(line, '}') - count(line, ']');
            }
            comment.setLength(0);
        }
        if (scopes.size() != 1) {
            throw new IllegalStateException("unbalanced blocks: " + scopes);
        }
    }

    private void note(String name, StringBuilder comment) {
        if (!comment.isEmpty()) {
            comments.put(name, comment.toString());
        }
    }

    private static int count(String line, char c) {
        return (int) line.chars().filter(each -> each == c).count();
    }
}
