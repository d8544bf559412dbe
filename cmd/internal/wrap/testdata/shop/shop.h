/* SPDX-License-Identifier: BSL-1.0 */
/* Everything that a C header can say, in small. It does not know C++. */
#ifndef SHOP_H
#define SHOP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Constants, and what is none. */
#define SHOP_VERSION "1.2"
#define SHOP_FULL_VERSION SHOP_VERSION "-beta"
#define SHOP_LIMIT (1 << 4)
#define SHOP_MASK (~(SHOP_LIMIT - 1) | SHOP_RIPE)
#define SHOP_PRICE 2.5
#define SHOP_BIG UINT64_C(0x8000000000000000)
#define SHOP_LETTER 'a'
#define SHOP_SMALL ((uint8_t)300)
#define SHOP_NOBODY ((shop_visit)0)
#define SHOP_EVERYBODY ((shop_visit)-1)
#define SHOP_API extern
#define SHOP_LOOP SHOP_LOOP_AGAIN
#define SHOP_LOOP_AGAIN SHOP_LOOP
#define SHOP_CALL shop_total(0)
#define SHOP_TWICE(x) ((x) + (x))
#define SHOP_EMPTY

enum { SHOP_NAMELESS = 3, shop_small_letters };
enum shop_state { SHOP_OPEN = -1, SHOP_CLOSED };
typedef enum { SHOP_RIPE = 1, SHOP_ROTTEN = 2 } shop_quality;

/* Opaque, by a typedef, a tag, and a pointer alone. */
typedef struct shop_s shop_t;
struct shop_till;
struct shop_nowhere;
typedef struct shop_ticket_s *shop_ticket;
typedef int64_t shop_cents;
typedef void *shop_blob;

/* Structs, known. */
typedef struct {
  double x, y;
} shop_point;
typedef struct {
  int type; /* a keyword in Go */
  shop_point at;
  shop_quality quality;
  const char *name;
  uint8_t code[4];
  shop_t *shop;
} shop_item;
typedef struct {
  int count;
  unsigned ripe : 1;
  const int fixed;
  char *const label;
  union {
    int number;
    struct {
      const char *text;
      size_t length;
    } words;
  } data;
  struct {
    int inner;
  };
  char raw[8];
  void (*hook)(int);
} shop_shelf;
typedef union {
  int number;
  float fraction;
} shop_either;

typedef int (*shop_visit)(void *user, const shop_item *item);

/* What wraps. */
shop_t *shop_open(const char *name, const char *motto);
int shop_open_out(const char *name, shop_t **out);
void shop_close(shop_t *shop);
const char *shop_name(const shop_t *shop);
const char *shop_motto(const shop_t *shop);
char *shop_copy_name(const shop_t *shop);
void shop_free(void *memory);
int shop_total(shop_t *shop);
int shop_counts(shop_t *shop, int *ripe, int *rotten);
int shop_read(shop_t *shop, void *buffer, size_t size);
int shop_write(shop_t *shop, const unsigned char *data, int data_len);
int shop_put(const char *key, size_t keylen, const char *pValue, unsigned short nValue);
shop_point shop_move(shop_point point, double dx, double dy);
shop_item shop_first(shop_t *shop, shop_item like);
void shop_move_to(shop_point *point, double x, double y);
int shop_stock(shop_shelf *shelf);
enum shop_state shop_state(shop_t *shop);
void shop_set_state(shop_t *shop, enum shop_state state);
int shop_each(shop_t *shop, shop_visit visit, void *user, int (*filter)(int));
shop_visit shop_counter(void);
shop_cents shop_price(struct shop_till *till, bool taxed, char currency, long rounds, unsigned long long most);
struct shop_till *shop_till(shop_t *shop);
shop_ticket shop_draw(shop_ticket last);
shop_blob shop_pack(shop_blob blob, shop_blob *rest);
int shop_names(const char *const *names, int count, char ***all);
int shop_grid(int (*grid)[4], int rows);
int shop_keywords(int type, int func, int err, int result, int C, int _x, int X);
int shop_unnamed(int, const char *);
static inline int shop_inline(int a) { return a + 1; }
int shop_gone(shop_t *shop);
#define shop_gone(shop) 0

/* What does not. */
int shop_print(const char *format, ...);
int shop_vprint(const char *format, va_list arguments);
int shop_old();
long double shop_long(void);
double _Complex shop_complex(void);
int shop_long_in(long double value);
shop_either shop_union(void);
int shop_shelved(shop_shelf shelf);
int shop_nowhere(struct shop_nowhere nowhere);
int shop__total(shop_t *shop);
extern int shop_errors;

#endif /* SHOP_H */
