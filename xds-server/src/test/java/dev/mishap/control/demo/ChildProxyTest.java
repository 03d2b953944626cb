package dev.mishap.control.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProxyTest {
    @TempDir
    Path directory;

    private Path launcher(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("launcher"), "#!/bin/sh\n" + script);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void whatTheProxySaidAtAFailedStartIsTold() throws Exception {
        Path launcher = launcher("echo 'error: no such listener' >&2; exit 1");
        try (ChildProxy proxy = new ChildProxy(launcher.toString(), "shop", "{}", directory)) {
            assertThatThrownBy(() -> proxy.awaitReady(HttpClient.newHttpClient()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("code 1")
                    .hasMessageContaining("no such listener");
        }
    }

    @Test
    void theProxyEndsWhenItsOwnerLetsGo() throws Exception {
        Path pid = directory.resolve("pid");
        Path launcher = launcher("echo $$ > " + pid + ".tmp; mv " + pid + ".tmp " + pid + "; exec sleep 60");
        ChildProxy proxy = new ChildProxy(launcher.toString(), "shop", "{}", directory);
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!Files.exists(pid) && System.nanoTime() < limit) {
            LockSupport.parkNanos(5_000_000);
        }
        ProcessHandle child =
                ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
        assertThat(child.isAlive()).isTrue();
        proxy.close();
        child.onExit().get(5, TimeUnit.SECONDS);
        assertThat(child.isAlive()).isFalse();
    }
}
