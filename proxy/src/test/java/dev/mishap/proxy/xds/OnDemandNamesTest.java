package dev.mishap.proxy.xds;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnDemandNamesTest {
    private static final long LONG = TimeUnit.HOURS.toNanos(1);

    private final Deque<Runnable> onMain = new ArrayDeque<>();
    private final Deque<Runnable> onLoop = new ArrayDeque<>();
    private final Executor loop = onLoop::add;
    private final List<Set<String>> asked = new ArrayList<>();
    private final Set<String> there = new HashSet<>();
    private final List<String> told = new ArrayList<>();
    private final Deque<Runnable> later = new ArrayDeque<>();
    /** Tasks wait until the test runs them. */
    private final ScheduledThreadPoolExecutor main = new ScheduledThreadPoolExecutor(1) {
        @Override
        public void execute(Runnable task) {
            onMain.add(task);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            later.add(task);
            return super.schedule(task, 1, TimeUnit.HOURS);
        }
    };

    private final OnDemandNames names = new OnDemandNames(main, 3, new OnDemandNames.Owner() {
        @Override
        public void ask(Set<String> wanted) {
            asked.add(new TreeSet<>(wanted));
        }

        @Override
        public boolean isThere(String name) {
            return there.contains(name);
        }
    });

    @AfterEach
    void stop() {
        main.shutdownNow();
    }

    private final OnDemandNames many = new OnDemandNames(main, 1000, new OnDemandNames.Owner() {
        @Override
        public void ask(Set<String> wanted) {
            asked.add(wanted);
        }

        @Override
        public boolean isThere(String name) {
            return false;
        }
    });

    private OnDemandNames.Waiter want(String name) {
        return names.want(name, loop, LONG, () -> told.add(name));
    }

    private void run() {
        Runnable next;
        while ((next = onMain.poll()) != null || (next = onLoop.poll()) != null) {
            next.run();
        }
    }

    @Test
    void requests_that_come_at_once_are_one_question() {
        want("a");
        want("b");
        want("a");
        run();
        assertThat(asked).containsExactly(Set.of("a", "b"));
        assertThat(told).isEmpty();
        names.answered("a", true);
        run();
        assertThat(told).containsExactly("a", "a");
    }

    @Test
    void a_question_of_many_names_waits_for_more() {
        for (int i = 0; i < 100; i++) {
            many.want("n" + i, loop, 0, () -> {});
        }
        run();
        assertThat(asked).hasSize(1);
        for (int i = 100; i < 300; i++) {
            many.want("n" + i, loop, 0, () -> {});
            run();
        }
        assertThat(asked).hasSize(1);
        assertThat(later).hasSize(1);
        later.remove().run();
        assertThat(asked).hasSize(2);
        assertThat(asked.get(1)).hasSize(300);
    }

    @Test
    void what_is_there_needs_no_question() {
        there.add("a");
        want("a");
        run();
        assertThat(told).containsExactly("a");
        assertThat(asked).isEmpty();
    }

    @Test
    void what_is_not_there_for_good_is_not_waited_for_again() {
        want("a");
        run();
        names.answered("a", false);
        run();
        want("a");
        run();
        assertThat(told).as("it may come yet").hasSize(1);
        names.answered("a", true);
        want("a");
        run();
        assertThat(told).hasSize(3);
        assertThat(asked).as("a name is asked for once").hasSize(1);
    }

    @Test
    void who_has_left_is_not_told_even_when_the_answer_is_on_its_way() {
        OnDemandNames.Waiter early = want("a");
        OnDemandNames.Waiter late = want("a");
        run();
        early.cancel();
        run();
        names.answered("a", true);
        late.cancel();
        run();
        assertThat(told).isEmpty();
    }

    @Test
    void the_oldest_that_nobody_needs_makes_room() {
        there.add("kept");
        want("gone");
        run();
        names.answered("gone", false);
        OnDemandNames.Waiter waits = want("waits");
        want("b");
        run();
        want("c");
        run();
        assertThat(asked).last().isEqualTo(Set.of("waits", "b", "c"));
        told.clear();
        want("d");
        run();
        assertThat(told).as("all are in use, so that nobody is asked").containsExactly("d");
        waits.cancel();
        run();
        want("e");
        run();
        assertThat(asked).last().isEqualTo(Set.of("b", "c", "e"));
    }

    @Test
    void the_end_lets_all_go() {
        want("a");
        run();
        names.close();
        want("b");
        run();
        assertThat(told).containsExactly("a", "b");
        assertThat(asked).hasSize(1);
    }

    @Test
    void no_patience_is_without_end() throws Exception {
        ScheduledThreadPoolExecutor real = new ScheduledThreadPoolExecutor(1);
        OnDemandNames hurried = new OnDemandNames(real, 3, new OnDemandNames.Owner() {
            @Override
            public void ask(Set<String> wanted) {}

            @Override
            public boolean isThere(String name) {
                return false;
            }
        });
        CountDownLatch over = new CountDownLatch(1);
        hurried.want("a", real, 1, over::countDown);
        assertThat(over.await(60, TimeUnit.SECONDS)).isTrue();
        real.shutdownNow();
    }

    @ParameterizedTest
    @CsvSource({
        "a.test:80, true",
        "'*', false",
        "'*.test', false",
        "'', false",
        "'a b', false",
        "\u00e4, false",
        "[::1], true"
    })
    void a_name_without_a_meaning_of_its_own(String name, boolean plain) {
        assertThat(OnDemandNames.isPlain(name)).isEqualTo(plain);
    }
}
