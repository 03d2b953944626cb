package dev.mishap.proxy.observe.als;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SharedLoggersTest {
    private final SharedLoggers<Object> loggers = new SharedLoggers<>();

    @Test
    void theSameConfigurationIsTheSameLogger() {
        Object logger = loggers.get("a", Object::new);
        assertThat(loggers.get("a", Object::new)).isSameAs(logger);
        assertThat(loggers.get("b", Object::new)).isNotSameAs(logger);
        Reference.reachabilityFence(logger);
    }

    @Test
    @Timeout(20)
    void whatNobodyWritesToIsForgotten() {
        Object used = loggers.get("used", Object::new);
        WeakReference<Object> gone = new WeakReference<>(loggers.get("gone", Object::new));
        while (gone.get() != null) {
            System.gc();
        }
        Object next = loggers.get("next", Object::new);
        assertThat(loggers.size()).isEqualTo(2);
        assertThat(loggers.get("used", Object::new)).isSameAs(used);
        Reference.reachabilityFence(next);
    }
}
