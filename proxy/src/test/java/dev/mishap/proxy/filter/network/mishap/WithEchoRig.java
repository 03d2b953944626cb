package dev.mishap.proxy.filter.network.mishap;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests on real sockets: each has a proxy, and a server behind it that echoes. */
abstract class WithEchoRig {
    EchoRig rig;

    @BeforeEach
    void start() throws IOException {
        rig = new EchoRig();
    }

    @AfterEach
    void stop() throws IOException {
        rig.close();
    }

    void rules(String... lines) {
        rig.rules(lines);
    }

    Socket connect() throws IOException {
        return rig.connect();
    }
}
