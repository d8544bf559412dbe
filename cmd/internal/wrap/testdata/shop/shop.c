/* SPDX-License-Identifier: BSL-1.0 */
#include "shop.h"

#include <stdlib.h>
#include <string.h>

struct shop_s {
  char name[16];
  char motto[16];
  bool has_motto;
  enum shop_state state;
  char text[16];
};
struct shop_till {
  int money;
};
struct shop_ticket_s {
  int number;
};

int shop_errors;

shop_t *shop_open(const char *name, const char *motto) {
  shop_t *const shop = calloc(1, sizeof *shop);
  strncpy(shop->name, name, 15);
  shop->has_motto = motto != NULL;
  if (motto) strncpy(shop->motto, motto, 15);
  return shop;
}
int shop_open_out(const char *name, shop_t **out) {
  *out = shop_open(name, NULL);
  return 7;
}
void shop_close(shop_t *shop) {
  shop->name[0] = 0;
  free(shop);
}
const char *shop_name(const shop_t *shop) { return shop->name; }
const char *shop_motto(const shop_t *shop) { return shop->has_motto ? shop->motto : NULL; }
char *shop_copy_name(const shop_t *shop) { return strdup(shop->name); }
void shop_free(void *memory) { free(memory); }
int shop_total(shop_t *shop) { return (int)strlen(shop->name); }
int shop_counts(shop_t *shop, int *ripe, int *rotten) {
  if (ripe) *ripe = 3;
  *rotten = 4;
  return shop_total(shop);
}
int shop_read(shop_t *shop, void *buffer, size_t size) {
  if (buffer == NULL) return -1;
  memcpy(buffer, shop->text, size);
  return (int)size;
}
int shop_write(shop_t *shop, const unsigned char *data, int data_len) {
  if (data == NULL) return -1;
  memcpy(shop->text, data, data_len);
  return data_len;
}
int shop_put(const char *key, size_t keylen, const char *pValue, unsigned short nValue) {
  return key && pValue ? (int)keylen * 100000 + nValue : -1;
}
shop_point shop_move(shop_point point, double dx, double dy) {
  point.x += dx;
  point.y += dy;
  return point;
}
shop_item shop_first(shop_t *shop, shop_item like) {
  like.type += shop->has_motto;
  like.at.x = -like.at.x;
  like.quality = SHOP_ROTTEN;
  like.name = shop->name;
  like.code[3] = 9;
  like.shop = shop;
  return like;
}
void shop_move_to(shop_point *point, double x, double y) {
  point->x = x;
  point->y = y;
}
int shop_stock(shop_shelf *shelf) {
  return shelf->count + (int)shelf->ripe + (int)shelf->data.words.length + shelf->inner;
}
enum shop_state shop_state(shop_t *shop) { return shop->state; }
void shop_set_state(shop_t *shop, enum shop_state state) { shop->state = state; }
int shop_each(shop_t *shop, shop_visit visit, void *user, int (*filter)(int)) {
  shop_item item = {0};
  (void)shop;
  if (visit == SHOP_EVERYBODY) return -2;
  if (visit == NULL || filter != NULL) return -1;
  return visit(user, &item) + visit(user, &item);
}
static int count(void *user, const shop_item *item) {
  (void)item;
  return ++*(int *)user;
}
shop_visit shop_counter(void) { return count; }
shop_cents shop_price(struct shop_till *till, bool taxed, char currency, long rounds, unsigned long long most) {
  return till->money + taxed + currency + rounds + (shop_cents)most;
}
struct shop_till *shop_till(shop_t *shop) {
  static struct shop_till till = {1000};
  (void)shop;
  return &till;
}
shop_ticket shop_draw(shop_ticket last) {
  static struct shop_ticket_s tickets[3] = {{1}, {2}, {3}};
  return last ? last + 1 : tickets;
}
shop_blob shop_pack(shop_blob blob, shop_blob *rest) {
  *rest = blob;
  return blob;
}
int shop_names(const char *const *names, int count, char ***all) {
  int length = 0;
  (void)all;
  for (int i = 0; i < count; i++) length += (int)strlen(names[i]);
  return length;
}
int shop_grid(int (*grid)[4], int rows) { return grid[rows - 1][3]; }
int shop_keywords(int type, int func, int err, int result, int C, int _x, int X) {
  return type + func + err + result + C + _x + X;
}
int shop_unnamed(int number, const char *text) { return number + (int)strlen(text); }
int(shop_gone)(shop_t *shop) { return shop == NULL; }
int shop_old() { return 0; }
int shop__total(shop_t *shop) { return shop_total(shop); }
