/* Runs a fuzz target over files and folders given as arguments, for machines and checks without libFuzzer; then, for as many
   seconds as --seconds=N says, over altered ones. What is altered how depends on nothing but the files: a failure comes again. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEEDS_MOST = 600, SEED_MOST = 1 << 16 };

static struct seed {
    uint8_t *data;
    size_t len;
} seeds[SEEDS_MOST];
static size_t n_seeds;

static int run(const char *path);
static void alter_for(double seconds);

int main(int argc, char **argv)
{
    int n = 0;
    double seconds = 0;
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--seconds=", 10) == 0)
            seconds = atof(argv[i] + 10);
        else
            n += run(argv[i]);
    printf("%d inputs\n", n);
    alter_for(seconds);
    return n > 0 ? 0 : 1;
}

static uint32_t next(void)
{
    static uint32_t x = 2463534242u;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Up to eight bytes altered, sometimes the end cut off. */
static void alter_for(double seconds)
{
    const double end = now() + seconds;
    unsigned long n = 0;
    while (n_seeds > 0 && seconds > 0 && (n % 16 != 0 || now() < end)) {
        const struct seed *seed = &seeds[next() % n_seeds];
        size_t len = seed->len > 0 && next() % 8 == 0 ? next() % seed->len : seed->len;
        uint8_t *copy = malloc(len > 0 ? len : 1);
        if (copy == NULL)
            break;
        memcpy(copy, seed->data, len);
        for (uint32_t k = next() % 8 + 1; k > 0 && len > 0; k--)
            copy[next() % len] ^= (uint8_t)(next() % 3 == 0 ? 1u << next() % 8 : next());
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
        n++;
    }
    if (seconds > 0)
        printf("%lu altered inputs in %.1f seconds\n", n, seconds);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].data);
}

static int run_folder(const char *path)
{
    int n = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        exit(1);
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char inside[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        n += run(inside);
    }
    closedir(dir);
    return n;
}

static int run(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return run_folder(path);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    /* A buffer of exactly the size, so that a sanitizer sees the first byte too many. */
    uint8_t *data = malloc((size_t)about.st_size + 1), *exact;
    size_t size = data ? fread(data, 1, (size_t)about.st_size, file) : 0;
    fclose(file);
    exact = size ? malloc(size) : NULL;
    for (size_t i = 0; exact && i < size; i++)
        exact[i] = data[i];
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    if (n_seeds < SEEDS_MOST && size <= SEED_MOST && exact != NULL)
        seeds[n_seeds++] = (struct seed){exact, size};
    else
        free(exact);
    return 1;
}
