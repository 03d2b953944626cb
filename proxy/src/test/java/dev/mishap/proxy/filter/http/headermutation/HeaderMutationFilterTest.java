package dev.mishap.proxy.filter.http.headermutation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import org.junit.jupiter.api.Test;

class HeaderMutationFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream();

    private static Mutations mutations(String yaml) {
        ConfigNode node = ConfigReader.checkedYaml("envoy.extensions.filters.http.header_mutation.v3.Mutations", yaml);
        return Mutations.from(node);
    }

    private Flow request(Mutations own, boolean wins) {
        return new HeaderMutationFilter("hm", own, wins).onRequestHeaders(stream, stream.requestHeaders, true);
    }

    @Test
    void mutationsAreAppliedOneAfterTheOther() {
        stream.header("x-a", "0", "x-gone", "1");

        request(mutations("""
                request_mutations:
                - append: {header: {key: x-a, value: '1'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
                - append: {header: {key: x-b, value: '%REQ(x-a)%'}}
                - remove: x-gone
                """), false);

        HeaderMap headers = stream.requestHeaders();
        assertThat(headers.get(HeaderName.of("x-b"))).isEqualTo("1");
        assertThat(headers.contains(HeaderName.of("x-gone"))).isFalse();
    }

    @Test
    void theRouteComesAfterTheFilter() {
        stream.routedTo("c");
        stream.perFilterConfigs.put(
                "hm",
                mutations("request_mutations: [{append: {header: {key: x-a, value: route}, append_action:"
                        + " OVERWRITE_IF_EXISTS_OR_ADD}}]"));

        request(mutations("request_mutations: [{append: {header: {key: x-a, value: filter}}}]"), true);

        assertThat(stream.requestHeaders().get(HeaderName.of("x-a"))).isEqualTo("route");
    }

    @Test
    void queryParametersAreChanged() {
        stream.path("/p?b=1&drop&a=%41");

        request(mutations("""
                query_parameter_mutations:
                - append: {record: {key: b, value: '%REQ(:METHOD)% x'}}
                - append: {record: {key: c, value: '1'}, action: OVERWRITE_IF_EXISTS}
                - append: {record: {key: a, value: '2'}, action: ADD_IF_ABSENT}
                - remove: drop
                """), false);

        assertThat(stream.requestHeaders().get(HeaderName.PATH)).isEqualTo("/p?a=A&b=1&b=GET%20x");
    }

    @Test
    void aQueryThatDecodesToALineBreakIsRefused() {
        stream.path("/?a=%0d%0ax-evil: 1");

        Flow flow = request(mutations("query_parameter_mutations: [{append: {record: {key: b, value: c}}}]"), false);

        assertThat(flow).isEqualTo(Flow.PAUSE);
        assertThat(stream.events).containsExactly("reply 503");
        assertThat(stream.info().hasFlag(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR))
                .isTrue();
    }

    @Test
    void aTrailerThatWouldEndItsLineIsLeftOut() {
        stream.path("/?q=a%0d%0ax-evil:1");
        HeaderMap trailers = new HeaderMap();
        String add = "[{append: {header: {key: x-q, value: '%QUERY_PARAM(q)%'}}},"
                + " {append: {header: {key: x-other, value: b}}}]";

        new HeaderMutationFilter("hm", mutations("request_trailers_mutations: " + add), false)
                .onRequestTrailers(stream, trailers);

        assertThat(trailers.contains(HeaderName.of("x-q"))).isFalse();
        assertThat(trailers.get(HeaderName.of("x-other"))).isEqualTo("b");
    }

    @Test
    void aResponseIsChangedAlthoughTheRequestNeverCameHere() {
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "403");

        new HeaderMutationFilter(
                        "hm", mutations("response_mutations: [{append: {header: {key: x-r, value: '1'}}}]"), false)
                .onResponseHeaders(stream, response, true);

        assertThat(response.get(HeaderName.of("x-r"))).isEqualTo("1");
    }

    @Test
    void whatEnvoyRefusesIsRefusedInItsWords() {
        assertThatThrownBy(() -> mutations("query_parameter_mutations: [{}]"))
                .hasMessage("One of 'append'/'remove' must be specified.");
        assertThatThrownBy(() -> mutations("query_parameter_mutations: [{append: {record: {key: q, value: 1}}}]"))
                .hasMessage("Only string value is allowed for record value.");
    }
}
