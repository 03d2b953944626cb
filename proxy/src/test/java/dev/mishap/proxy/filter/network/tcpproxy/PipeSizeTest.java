package dev.mishap.proxy.filter.network.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

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
    void aPipeBecomesLargeOrStaysAsItIs() throws IOException {
        assertThat(Epoll.isAvailable()).isTrue(); // loads what makes pipes
        boolean can = PipeSize.prepare();
        FileDescriptor[] pipe = FileDescriptor.pipe();
        try {
            assertThat(PipeSize.enlarge(pipe[1].intValue())).isEqualTo(can);
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
