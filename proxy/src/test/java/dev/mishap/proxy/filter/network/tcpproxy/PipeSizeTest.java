package dev.mishap.proxy.filter.network.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class PipeSizeTest {
    @Test
    void theCallIsThereWhereTheJdkHasForeignFunctions() {
        assertThat(PipeSize.prepare()).isEqualTo(Runtime.version().feature() >= 22);
    }

    @Test
    void aPipeBecomesLarge() throws IOException {
        assumeTrue(Epoll.isAvailable(), "needs epoll");
        assumeTrue(PipeSize.prepare(), "needs JDK 22 or later");
        FileDescriptor[] pipe = FileDescriptor.pipe();
        try {
            assertThat(PipeSize.enlarge(pipe[1].intValue())).isTrue();
        } finally {
            pipe[0].close();
            pipe[1].close();
        }
    }

    @Test
    void whatIsNoPipeStaysAsItIs() {
        assertThat(PipeSize.enlarge(-1)).isFalse();
    }
}
