package dev.mishap.proxy.route.match;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathMatcherTest {
    private static boolean matches(PathMatcher matcher, String path) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.PATH, path + "?q");
        return matcher.matches(headers, 0, path.length());
    }

    @ParameterizedTest
    @CsvSource({
        "/pre, /pre, true",
        "/pre, /prefix, true",
        "/pre, /PRE, false",
        "/pre?q, /pre, false",
        "/, /x, true",
        "'', /x, true"
    })
    void prefix(String pattern, String path, boolean expected) {
        assertThat(matches(PathMatcher.prefix(pattern, false), path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"/p, /p, true", "/p, /p/, false", "/p, /P, false", "/p?q, /p, false"})
    void exact(String pattern, String path, boolean expected) {
        assertThat(matches(PathMatcher.exact(pattern, false), path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"/sep, true", "/sep/, true", "/sep/a, true", "/sepx, false", "/se, false", "/SEP/A, false"})
    void separatedPrefix(String path, boolean expected) {
        assertThat(matches(PathMatcher.separatedPrefix("/sep", false), path)).isEqualTo(expected);
    }

    @Test
    void caseIsIgnoredOnDemand() {
        assertThat(matches(PathMatcher.prefix("/CaSe", true), "/cASEx")).isTrue();
        assertThat(matches(PathMatcher.exact("/CiP", true), "/cip")).isTrue();
        assertThat(matches(PathMatcher.separatedPrefix("/Sep", true), "/sEP/x")).isTrue();
        assertThat(matches(PathMatcher.prefix("/é", true), "/Ã©")).isTrue();
    }

    @Test
    void expressionsMatchTheWholePath() {
        PathMatcher matcher = PathMatcher.regex(SafeRegex.compile("/re/[a-z]+"));
        assertThat(matches(matcher, "/re/ab")).isTrue();
        assertThat(matches(matcher, "/re/aA")).isFalse();
        assertThat(matches(matcher, "/re/")).isFalse();
    }

    /** Recorded from Envoy 1.40. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/t1/*          | /t1/a /t1/a=b /t1/a*b /t1/a%20 /t1/a;b /t1/a:b@ | /t1/ /t1/a/b /t1/a{b /T1/a",
                "/t2/**         | /t2/ /t2/a/b /t2/a=b                            | /t2",
                "/t3/{a}/x      | /t3/z/x /t3/a=b/x                               | /t3//x",
                "/t4/{a=**}     | /t4/ /t4/a/b                                    | /t4",
                "/t5/{a=b/*}/c  | /t5/b/x/c                                       | /t5/b/x",
                "/t7/*/**       | /t7/a/ /t7/a/b/c                                | /t7/a",
                "/t8/**.ts      | /t8/a/b.ts /t8/.ts                              | /t8/a.tsx",
                "/t9/x=y/*      | /t9/x=y/a                                       | /t9/x/a",
                "/t10           | /t10                                            | /t10/",
                "/t12/{a}       | /t12/a~!$&'()+,b                                | /t12/a/b",
            })
    void templates(String template, String matching, String others) {
        PathMatcher matcher = PathMatcher.template(UriTemplate.compile(template));
        for (String path : matching.split(" ")) {
            assertThat(matches(matcher, path)).as(path).isTrue();
        }
        for (String path : others.split(" ")) {
            assertThat(matches(matcher, path)).as(path).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '>',
            quoteCharacter = '`',
            value = {
                "a/{y                    > Invalid pattern: \"a/{y\"",
                "/a/**/b/*               > Glob after text glob.",
                "/{a}/{b}/{c}/{d}/{e}/{f}> Exceeded variable count limit (5)",
                "/{a}/{a}                > Repeated variable name: \"a\"",
            })
    void badTemplates(String template, String why) {
        assertThatThrownBy(() -> UriTemplate.compile(template))
                .hasMessage("path_match_policy.path_template " + template + " is invalid: " + why);
    }

    @Test
    void templatesRewrite() {
        UriTemplate template = UriTemplate.compile("/t/{a}/{b=**}");
        assertThat(template.rewrite("/n/{b}/{a}").apply("/t/1/2/3")).isEqualTo("/n/2/3/1");
        assertThatThrownBy(() -> template.rewrite("/{x}"))
                .hasMessage("mismatch between variables in path_match_policy /t/{a}/{b=**} and"
                        + " path_rewrite_policy /{x}");
        assertThatThrownBy(() -> template.rewrite("x{a}"))
                .hasMessage("path_rewrite_policy.path_template_rewrite x{a} is invalid");
    }

    /** Recorded from Envoy 1.40, the empty matches and bad references too. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/rr/([a-z]+)/([a-z]+) | /\\2/\\1 | /rr/ab/cd   | /cd/ab",
                "[a-c]                 | <\\0>    | /rx/abc     | /rx/<a><b><c>",
                "x*                    | -        | /wempty/ab  | -/-w-e-m-p-t-y-/-a-b-",
                "[ab]*                 | -        | /uempty/abc | -/-u-e-m-p-t-y-/-c-",
                "r                     | \\1      | /r          | /r",
                "r                     | z\\q     | /r/r        | /z/z",
                "nomatch               | zz       | /rn         | /rn",
                "^/hp/(.+)$            | \\1.com  | /hp/foo     | foo.com",
            })
    void substitutes(String regex, String substitution, String path, String expected) {
        assertThat(RegexSubstitution.of(SafeRegex.compile(regex), substitution).apply(path))
                .isEqualTo(expected);
    }
}
