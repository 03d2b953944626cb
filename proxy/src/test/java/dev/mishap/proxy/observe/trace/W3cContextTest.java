package dev.mishap.proxy.observe.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class W3cContextTest {
    private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static HeaderMap request(String parent) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.of("traceparent"), parent);
        headers.add(HeaderName.of("tracestate"), "a=b");
        return headers;
    }

    @Test
    void a_context_goes_on_with_another_parent() throws Exception {
        HeaderMap headers = request(PARENT);
        W3cContext context = W3cContext.of(headers);
        assertThat(context.hasParent()).isTrue();
        assertThat(context.sampled()).isTrue();
        W3cContext.inject(headers, context.traceIdHigh(), context.traceId(), 0x1f, false, context.state());
        assertThat(headers.get(HeaderName.of("traceparent")))
                .isEqualTo("00-0af7651916cd43dd8448eb211c80319c-000000000000001f-00");
        assertThat(headers.get(HeaderName.of("tracestate"))).isEqualTo("a=b");
    }

    @Test
    void no_header_is_no_parent() throws Exception {
        assertThat(W3cContext.of(new HeaderMap()).hasParent()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00-zz",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            })
    void nonsense(String parent) {
        assertThatThrownBy(() -> W3cContext.of(request(parent))).isInstanceOf(TraceContext.MalformedException.class);
    }
}
