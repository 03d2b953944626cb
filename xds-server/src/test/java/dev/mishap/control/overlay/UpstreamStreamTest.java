package dev.mishap.control.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class UpstreamStreamTest {
    @Test
    void whyAStreamEndedIsOneLine() {
        Status refused = Status.UNAVAILABLE
                .withDescription("io exception")
                .withCause(new RuntimeException("outer", new IOException("Connection refused: /127.0.0.1:1")));

        assertThat(UpstreamStream.words(refused))
                .isEqualTo("UNAVAILABLE: io exception: Connection refused: /127.0.0.1:1");
        assertThat(UpstreamStream.words(Status.CANCELLED)).isEqualTo("CANCELLED");
        assertThat(UpstreamStream.words(Status.UNKNOWN.withDescription("no"))).isEqualTo("UNKNOWN: no");
    }
}
