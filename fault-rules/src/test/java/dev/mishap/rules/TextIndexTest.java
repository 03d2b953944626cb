package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import dev.mishap.rules.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextIndexTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            nullValues = "none",
            quoteCharacter = '`',
            value = {
                "/api/v1/users        § /api/v1/users",
                "/api/.*/users        § /users",
                "/api/v[0-9]+/users   § /api/v",
                "db[a-c][.]internal   § internal",
                "a\\.b\\.example      § a.b.example",
                "abc?def              § def",
                "abcd?e               § abc",
                "abc+de               § abc",
                "ab(cd|ef)ghi         § ghi",
                "x{3}abc              § abc",
                "abc|def              § none",
                "(abc)                § none",
                "(?i)abc              § none",
                "a*                   § none",
                ".*                   § none",
                "[[:alpha:]]abc       § none",
                "\\pLabc              § none",
                "\\Qa.b\\E            § none",
                "ab[)]cd              § ab",
                "(a[)])bcd            § bcd",
                "a{x}bc               § bc"
            })
    void whatARegexCannotMatchWithout(String regex, @Nullable String literal) {
        assertThat(RegexLiteral.of(regex)).isEqualTo(literal);
    }

    /** Whatever a regex matches contains its literal. */
    @Test
    void theLiteralOfARegexIsInAllThatItMatches() {
        Random random = new Random(1);
        String[] pieces = {
            "a", "b", "ab", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "(a*b)?", "\\.", "^", "$", "a*", "b+", "a?", "b{2}",
            "a{0,1}", "\\w", "[]a]", "(?:ab)", "|b"
        };
        int matched = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder regex = new StringBuilder();
            for (int n = random.nextInt(5); n >= 0; n--) {
                regex.append(pieces[random.nextInt(pieces.length)]);
            }
            String literal = RegexLiteral.of(regex.toString());
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(7); n > 0; n--) {
                text.append("ab.".charAt(random.nextInt(3)));
            }
            if (literal != null && Pattern.matches(regex.toString(), text)) {
                matched++;
                assertThat(text.toString()).as("%s", regex).contains(literal);
            }
        }
        assertThat(matched).isGreaterThan(500);
    }

    @Test
    void everyRuleIsFoundWhoseTestPasses() {
        Random random = new Random(2);
        for (int round = 0; round < 300; round++) {
            int rules = 1 + random.nextInt(130);
            int words = rules + 63 >> 6;
            TextIndex index = new TextIndex(words);
            List<Predicate<String>> tests = new ArrayList<>();
            for (int i = 0; i < rules; i++) {
                StringMatcher.Kind kind = StringMatcher.Kind.values()[random.nextInt(4)];
                StringMatcher matcher = new StringMatcher(kind, word(random, 1 + random.nextInt(4)));
                tests.add(matcher.compile());
                index.add(matcher, i);
            }
            index.link();
            for (int n = 0; n < 20; n++) {
                String text = word(random, random.nextInt(12));
                long[] bits = new long[words];
                index.collect(text, bits);
                for (int i = 0; i < rules; i++) {
                    boolean found = (bits[i >> 6] >>> i & 1) == 1;
                    assertThat(found)
                            .as("rule %d, %s, round %d", i, text, round)
                            .isEqualTo(tests.get(i).test(text));
                }
            }
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append("abcé".charAt(random.nextInt(4)));
        }
        return word.toString();
    }
}
