/* SPDX-License-Identifier: ISC
 *
 * embed.c - build tool: `embed NAME FILE` writes FILE as C source on stdout: `const char NAME[]`,
 * NUL-terminated, and `const size_t NAME_size` without the NUL. So the readable data files are inside the
 * library, and it works without any file beside it.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
	size_t n = 0;
	int c;

	if (!in) {
		fprintf(stderr, "usage: embed NAME FILE\n");
		return 1;
	}
	printf("#include <stddef.h>\nextern const char %s[];\nextern const size_t %s_size;\nconst char %s[] "
	       "= {",
		argv[1], argv[1], argv[1]);
	for (; (c = getc(in)) != EOF; n++)
		printf(n % 24 ? "%d," : "\n%d,", (signed char)c);
	printf("\n0};\nconst size_t %s_size = %zu;\n", argv[1], n);
	return fclose(in) ? 1 : 0;
}
