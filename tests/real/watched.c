/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes its variables so often: what tests/real/watch.sh watches.  With an argument it waits
 * for a line first. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

int counter = 1000; /* in initialised data: nobody but this program writes it */
long long wide = 1;
char text[16] = "-";
volatile int seen;

static void *other(void *arg)
{
    counter += 100;
    return arg;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        getchar();
    for (int i = 0; i < 3; i++) {
        counter++;
        wide = i;
    }
    seen = counter;
    pthread_t t;
    if (pthread_create(&t, NULL, other, NULL) != 0)
        return 1;
    pthread_join(t, NULL);
    /* The kernel writes here. */
    int fds[2];
    if (pipe(fds) != 0 || write(fds[1], "hello", 5) != 5 || read(fds[0], text, 5) != 5)
        return 1;
    return 0;
}
