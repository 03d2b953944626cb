package dev.mishap.proxy.route.match;

import com.google.re2j.Matcher;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.WireText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A template of paths: {@code *} is one segment, <code>**</code> any rest, {@code {name}} or {@code {name=pattern}} keeps what
 * it matched for a rewrite.
 */
public final class UriTemplate {
    private static final String SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]+";
    private static final String REST = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=/]*";
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
            Matcher matcher = template.regex.matcher(WireText.decode(path));
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
            return WireText.encode(result.toString());
        }
    }

    /** Turns a template into an expression, segment by segment. */
    private static final class Compiler {
        private final String text;
        private final List<String> variables;
        private boolean rest;

        Compiler(String text, List<String> variables) {
            this.text = text;
            this.variables = variables;
        }

        String compile() {
            if (!text.startsWith("/")) {
                throw invalid();
            }
            StringBuilder regex = new StringBuilder();
            int at = 0;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '{') {
                    int close = text.indexOf('}', at);
                    if (close < 0) {
                        throw invalid();
                    }
                    variable(text.substring(at + 1, close), regex);
                    at = close + 1;
                } else {
                    int end = text.indexOf('{', at);
                    end = end < 0 ? text.length() : end;
                    pattern(text.substring(at, end), regex);
                    at = end;
                }
            }
            return regex.toString();
        }

        private void variable(String body, StringBuilder regex) {
            int equals = body.indexOf('=');
            String name = equals < 0 ? body : body.substring(0, equals);
            boolean good = !name.isEmpty()
                    && name.length() <= MAX_NAME
                    && Character.isLetter(name.charAt(0))
                    && name.chars().allMatch(c -> c < 0x80 && (Character.isLetterOrDigit(c) || c == '_'))
                    && !variables.contains(name)
                    && variables.size() < MAX_VARIABLES;
            if (!good) {
                throw invalid();
            }
            variables.add(name);
            regex.append('(');
            pattern(equals < 0 ? "*" : body.substring(equals + 1), regex);
            regex.append(')');
        }

        private void pattern(String pattern, StringBuilder regex) {
            if (pattern.isEmpty()) {
                throw invalid();
            }
            for (int i = 0; i < pattern.length(); i++) {
                char c = pattern.charAt(i);
                if (rest && c == '*') {
                    throw invalid();
                }
                if (c == '*' && i + 1 < pattern.length() && pattern.charAt(i + 1) == '*') {
                    regex.append(REST);
                    rest = true;
                    i++;
                } else if (c == '*') {
                    regex.append(SEGMENT);
                } else if (Character.isLetterOrDigit(c) || "/-._~%!$&'()+,;:@=".indexOf(c) >= 0) {
                    regex.append(com.google.re2j.Pattern.quote(String.valueOf(c)));
                } else {
                    throw invalid();
                }
            }
        }

        private ConfigException invalid() {
            return new ConfigException("path_match_policy.path_template " + text + " is invalid");
        }
    }
}
