package dev.mishap.proxy.route.match;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeaderMatcherTest {
    private static final HeaderName NAME = HeaderName.of("x-h");

    /** Header lines by a name for the table below. */
    private static final Map<String, List<String>> INPUTS = new LinkedHashMap<>();

    static {
        INPUTS.put("missing", List.of());
        INPUTS.put("v", List.of("v"));
        INPUTS.put("v+w", List.of("v", "w"));
        INPUTS.put("w+v", List.of("w", "v"));
        INPUTS.put("line", List.of("v,w"));
        INPUTS.put("empty", List.of(""));
        INPUTS.put("V1", List.of("V1"));
        INPUTS.put("5", List.of("5"));
        INPUTS.put("plus5", List.of("+5"));
        INPUTS.put("05", List.of("05"));
        INPUTS.put("-5", List.of("-5"));
        INPUTS.put("10", List.of("10"));
        INPUTS.put("5x", List.of("5x"));
        INPUTS.put("x+5", List.of("x", "5"));
        INPUTS.put("big", List.of("9223372036854775808"));
        INPUTS.put("utf8", List.of("Ã©1"));
        INPUTS.put("ff", List.of("ÿ1"));
        INPUTS.put("minus", List.of("-"));
    }

    private static HeaderMap headers(List<String> lines) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.of("x-before"), "v");
        for (String line : lines) {
            headers.add(NAME, line);
            headers.add(HeaderName.of("x-between"), "v");
        }
        return headers;
    }

    private static HeaderMatcher matcher(String fields) {
        return HeaderMatcher.from(ConfigReader.checkedYaml(
                "envoy.config.route.v3.HeaderMatcher", "{name: X-H" + (fields.isEmpty() ? "" : ", " + fields) + "}"));
    }

    /** Recorded from Envoy 1.40: which of {@link #INPUTS} each matcher takes. "all" leaves out only a missing header. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            quoteCharacter = '`',
            value = {
                "string_match: {exact: v}                                    | v v+w w+v",
                "string_match: {exact: v}, invert_match: true                | line empty V1 5 plus5 05 -5 10 5x x+5 big utf8 ff minus",
                "string_match: {exact: v}, invert_match: true, treat_missing_header_as_empty: true | missing line empty V1 5 plus5 05 -5 10 5x x+5 big utf8 ff minus",
                "string_match: {exact: ''}, treat_missing_header_as_empty: true | missing empty",
                "string_match: {exact: ''}, treat_missing_header_as_empty: true, invert_match: true | v v+w w+v line V1 5 plus5 05 -5 10 5x x+5 big utf8 ff minus",
                "string_match: {prefix: V, ignore_case: true}                | v v+w w+v line V1",
                "string_match: {exact: 'v,w'}                                | line",
                "string_match: {contains: ','}                               | line",
                "string_match: {contains: ','}, invert_match: true           | v v+w w+v empty V1 5 plus5 05 -5 10 5x x+5 big utf8 ff minus",
                "string_match: {safe_regex: {regex: 'v.?'}}                  | v v+w w+v",
                "string_match: {safe_regex: {regex: 'v.?'}}, invert_match: true | line empty V1 5 plus5 05 -5 10 5x x+5 big utf8 ff minus",
                "string_match: {safe_regex: {regex: '..'}}                   | V1 plus5 05 -5 10 5x ff",
                "string_match: {exact: é1}                                   | utf8",
                "string_match: {suffix: W, ignore_case: true}                | v+w w+v line",
                "present_match: true                                         | all",
                "present_match: false                                        | missing",
                "present_match: true, invert_match: true                     | missing",
                "present_match: false, invert_match: true                    | all",
                "present_match: true, treat_missing_header_as_empty: true    | missing all",
                "present_match: false, treat_missing_header_as_empty: true   | ``",
                "``                                                          | all",
                "invert_match: true                                          | missing",
                "treat_missing_header_as_empty: true                         | missing all",
                "range_match: {start: -5, end: 10}                           | 5 plus5 05 -5 x+5",
                "range_match: {start: -5, end: 10}, invert_match: true       | v v+w w+v line empty V1 10 5x big utf8 ff minus",
                "range_match: {start: -5, end: 10}, invert_match: true, treat_missing_header_as_empty: true | missing v v+w w+v line empty V1 10 5x big utf8 ff minus",
                "range_match: {start: -5, end: 10}, treat_missing_header_as_empty: true | 5 plus5 05 -5 x+5",
                "exact_match: v                                              | v v+w w+v",
                "exact_match: ''                                             | all",
                "prefix_match: v                                             | v v+w w+v line",
                "suffix_match: w                                             | v+w w+v line",
                "contains_match: v                                           | v v+w w+v line",
                "safe_regex_match: {regex: 'v.?'}                            | v v+w w+v",
            })
    void matchesWhatEnvoyMatches(String fields, String expected) {
        HeaderMatcher matcher = matcher(fields == null ? "" : fields);
        List<String> taken = new ArrayList<>();
        INPUTS.forEach((name, lines) -> {
            if (matcher.matches(headers(lines))) {
                taken.add(name);
            }
        });
        assertThat(String.join(" ", taken)).isEqualTo(expand(expected == null ? "" : expected));
    }

    private static String expand(String expected) {
        List<String> present = new ArrayList<>(INPUTS.keySet());
        present.remove("missing");
        return expected.replace("all", String.join(" ", present));
    }

    @ParameterizedTest
    @CsvSource({
        "9223372036854775806, true",
        "9223372036854775807, false",
        "-9223372036854775808, true",
        "-9223372036854775809, false",
        "92233720368547758070, false"
    })
    void rangeHoldsAllOfInt64(String value, boolean matches) {
        HeaderMatcher matcher = matcher("range_match: {start: -9223372036854775808, end: 9223372036854775807}");
        assertThat(matcher.matches(headers(List.of(value)))).isEqualTo(matches);
    }

    @Test
    void agreesWithANaiveReference() {
        Random random = new Random(42);
        String[] kinds = {"exact", "prefix", "suffix", "contains"};
        int matched = 0;
        for (int round = 0; round < 20_000; round++) {
            String kind = kinds[random.nextInt(kinds.length)];
            String pattern = text(random, 1 + random.nextInt(2));
            boolean ignoreCase = random.nextBoolean();
            boolean invert = random.nextBoolean();
            List<String> lines = new ArrayList<>();
            for (int n = random.nextInt(3); n > 0; n--) {
                lines.add(text(random, random.nextInt(4)));
            }
            StringMatcher string = switch (kind) {
                case "exact" -> StringMatcher.exact(pattern, ignoreCase);
                case "prefix" -> StringMatcher.prefix(pattern, ignoreCase);
                case "suffix" -> StringMatcher.suffix(pattern, ignoreCase);
                default -> StringMatcher.contains(pattern, ignoreCase);
            };
            boolean any = lines.stream().anyMatch(line -> naive(kind, pattern, line, ignoreCase));
            boolean expected = !lines.isEmpty() && any != invert;
            assertThat(HeaderMatcher.of("x-h", string, invert).matches(headers(lines)))
                    .as("%s %s invert=%s on %s", string, ignoreCase, invert, lines)
                    .isEqualTo(expected);
            for (String line : lines) {
                assertThat(string.matches(line)).isEqualTo(naive(kind, pattern, line, ignoreCase));
            }
            matched += expected ? 1 : 0;
        }
        assertThat(matched).isBetween(2_000, 18_000);
    }

    private static String text(Random random, int length) {
        String alphabet = "aAbB@`[{";
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < length; i++) {
            s.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return s.toString();
    }

    private static boolean naive(String kind, String pattern, String line, boolean ignoreCase) {
        String p = ignoreCase ? pattern.toLowerCase(java.util.Locale.ROOT) : pattern;
        String l = ignoreCase ? line.toLowerCase(java.util.Locale.ROOT) : line;
        return switch (kind) {
            case "exact" -> l.equals(p);
            case "prefix" -> l.startsWith(p);
            case "suffix" -> l.endsWith(p);
            default -> l.contains(p);
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "([    | missing ]: [",
                "a)    | unexpected ): a)",
                "(a    | missing ): (a",
                "*a    | no argument for repetition operator: *",
                "a**   | bad repetition operator: **",
                "a{1001} | invalid repetition size: {1001}",
                "[z-a] | invalid character class range: z-a",
                "\\8   | invalid escape sequence: \\8",
                "(?=a) | invalid perl operator: (?=",
                "a\\   | trailing \\",
                "(?P<1 | invalid named capture group: (?P<1",
            })
    void badExpressionsAreToldInRe2sWords(String regex, String message) {
        assertThatThrownBy(() -> SafeRegex.compile(regex))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }

    @Test
    void ignoreCaseIsRefusedForExpressions() {
        assertThatThrownBy(() -> matcher("string_match: {safe_regex: {regex: a}, ignore_case: true}"))
                .hasMessage("ignore_case has no effect for safe_regex.");
    }
}
