package dev.mishap.proxy.route.match;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import dev.mishap.proxy.config.schema.ConfigException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A template of paths: {@code *} is one segment, <code>**</code> any rest, {@code {name}} or {@code {name=pattern}} keeps what
 * it matched for a rewrite.
 */
public final class UriTemplate {
    private static final String SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()*+,;:@=]+";
    private static final String REST = "[a-zA-Z0-9\\-._~%!$&'()*+,;:@=/]*";
    private static final String LITERALS = "/-._~%!$&'()+,;:@=";
    private static final int MAX_NAME = 16;
    private static final int MAX_VARIABLES = 5;

    private final String text;
    private final SafeRegex regex;
    private final List<String> variables; // name of group i + 1

    private UriTemplate(String text, SafeRegex regex, List<String> variables) {
        this.text = text;
        this.regex = regex;
        this.variables = variables;
    }

    /**
     * Compiles {@code text}.
     *
     * @throws ConfigException when it isn't a template
     */
    public static UriTemplate compile(String text) {
        List<String> variables = new ArrayList<>();
        String regex = new Compiler(text, variables).compile();
        return new UriTemplate(text, SafeRegex.compile(regex), List.copyOf(variables));
    }

    /** Whether {@code path}, without query, matches. */
    public boolean matches(String path) {
        return regex.matches(path);
    }

    /**
     * Checks that {@code rewrite} uses only variables of this template.
     *
     * @throws ConfigException when it doesn't
     */
    public Rewrite rewrite(String rewrite) {
        if (!rewrite.startsWith("/")) {
            throw new ConfigException("path_rewrite_policy.path_template_rewrite " + rewrite + " is invalid");
        }
        List<Object> parts = new ArrayList<>();
        int at = 0;
        while (at < rewrite.length()) {
            int open = rewrite.indexOf('{', at);
            if (open < 0) {
                parts.add(rewrite.substring(at));
                break;
            }
            int close = rewrite.indexOf('}', open);
            int group = close < 0 ? -1 : variables.indexOf(rewrite.substring(open + 1, close));
            if (group < 0) {
                throw new ConfigException("mismatch between variables in path_match_policy " + text
                        + " and path_rewrite_policy " + rewrite);
            }
            if (open > at) {
                parts.add(rewrite.substring(at, open));
            }
            parts.add(group + 1);
            at = close + 1;
        }
        return new Rewrite(this, List.copyOf(parts));
    }

    /** Makes a new path out of the variables of a template that matched. */
    public static final class Rewrite {
        private final UriTemplate template;
        private final List<Object> parts; // String or Integer

        Rewrite(UriTemplate template, List<Object> parts) {
            this.template = template;
            this.parts = parts;
        }

        /** The new path for {@code path} (without query, one char a byte), or null when the template does not match it. */
        public @Nullable String apply(String path) {
            Matcher matcher = template.regex.matcher(path);
            if (!matcher.matches()) {
                return null;
            }
            StringBuilder result = new StringBuilder();
            for (Object part : parts) {
                if (part instanceof Integer group) {
                    String value = matcher.group(group);
                    result.append(value == null ? "" : value);
                } else {
                    result.append(part);
                }
            }
            return result.toString();
        }
    }

    /** Turns a template into an expression, part by part. */
    private static final class Compiler {
        private final String text;
        private final List<String> variables;
        private final StringBuilder regex = new StringBuilder();
        private boolean rest;

        Compiler(String text, List<String> variables) {
            this.text = text;
            this.variables = variables;
        }

        String compile() {
            if (!text.startsWith("/")) {
                throw invalid("Invalid pattern: \"" + text + '"');
            }
            int at = 0;
            while (at < text.length()) {
                int open = text.indexOf('{', at);
                if (open == at) {
                    int close = text.indexOf('}', at);
                    if (close < 0) {
                        throw invalid("Unmatched variable bracket");
                    }
                    variable(text.substring(at + 1, close));
                    at = close + 1;
                } else {
                    int end = open < 0 ? text.length() : open;
                    segments(text.substring(at, end));
                    at = end;
                }
            }
            return regex.toString();
        }

        private void variable(String body) {
            int equals = body.indexOf('=');
            String name = equals < 0 ? body : body.substring(0, equals);
            if (!isName(name)) {
                throw invalid("Invalid variable name: \"" + name + '"');
            }
            if (variables.contains(name)) {
                throw invalid("Repeated variable name: \"" + name + '"');
            }
            if (variables.size() == MAX_VARIABLES) {
                throw invalid("Exceeded variable count limit (" + MAX_VARIABLES + ")");
            }
            variables.add(name);
            regex.append('(');
            segments(equals < 0 ? "*" : body.substring(equals + 1));
            regex.append(')');
        }

        private static boolean isName(String name) {
            if (name.isEmpty() || name.length() > MAX_NAME || !Character.isLetter(name.charAt(0))) {
                return false;
            }
            return name.chars().allMatch(c -> c < 0x80 && (Character.isLetterOrDigit(c) || c == '_'));
        }

        /** A run of literals and globs, in which a glob is a whole segment or, as the rest, its beginning. */
        private void segments(String run) {
            for (int i = 0; i < run.length(); i++) {
                char c = run.charAt(i);
                boolean starts = i == 0 || run.charAt(i - 1) == '/';
                if (c == '*') {
                    if (rest) {
                        throw invalid("Glob after text glob.");
                    }
                    boolean two = run.startsWith("**", i);
                    boolean ends = i + 1 == run.length() || run.charAt(i + 1) == '/';
                    if (!starts || !two && !ends) {
                        throw invalid("a glob within a segment is not supported");
                    }
                    regex.append(two ? REST : SEGMENT);
                    rest = two;
                    i += two ? 1 : 0;
                } else if (c < 0x80 && Character.isLetterOrDigit(c) || LITERALS.indexOf(c) >= 0) {
                    regex.append(Pattern.quote(String.valueOf(c)));
                } else {
                    throw invalid("Invalid literal: \"" + run + '"');
                }
            }
        }

        private ConfigException invalid(String why) {
            return new ConfigException("path_match_policy.path_template " + text + " is invalid: " + why);
        }
    }
}
