// SPDX-License-Identifier: GPL-2.0
/*
 * An I2C bus with an SSD1306 on it, for machines that have neither.
 *
 * The bus is a real one to the kernel and to programs (I2C_RDWR and SMBus); the chip is what its
 * data sheet says of memory, addressing and the commands that change what is seen. Timing, scrolling
 * and the voltages are not modelled. In /sys/kernel/debug/i2c-oled-sim:
 *
 *   frame      what an eye sees: 8 pages of 128 columns, a byte is eight pixels below each other,
 *              the topmost in its lowest bit
 *   on, contrast
 *   writes     bytes that were taken, of commands and of data
 *   unplugged  1: nothing answers, and the chip loses its power; 0: it is there again, as after
 *              power-up
 *
 * Reference: Solomon Systech, SSD1306 Rev 1.1, sections 8.1.5, 8.7, 9 and 10.
 */
#include <linux/debugfs.h>
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/mutex.h>

#define WIDTH 128
#define PAGES 8
#define MOST_ARGUMENTS 6
#define CONTROL_CONTINUES 0x80 /* one byte follows, then another control byte */
#define CONTROL_DATA 0x40

static int bus = 1;
module_param(bus, int, 0444);
MODULE_PARM_DESC(bus, "number of the bus: /dev/i2c-BUS");

static unsigned short address = 0x3c;
module_param(address, ushort, 0444);
MODULE_PARM_DESC(address, "of the chip");

enum addressing { HORIZONTAL, VERTICAL, BY_PAGE };

static struct {
	u8 memory[PAGES][WIDTH];
	enum addressing addressing;
	u8 first_column, last_column, column;
	u8 first_page, last_page, page;
	u8 start_line;
	u8 contrast;
	bool is_on, has_charge_pump, is_inverted, is_all_lit;
	bool has_columns_swapped, has_rows_swapped;
	u8 command, arguments[MOST_ARGUMENTS];
	int wanted, given; /* arguments of the command that is being taken */
} chip;

static DEFINE_MUTEX(lock);
static bool is_unplugged;
static u32 writes;
static struct dentry *folder;

static void power_up(void)
{
	memset(&chip, 0, sizeof(chip));
	/* Its memory holds anything at all; a program that does not write all of it is found out. */
	memset(chip.memory, 0x5a, sizeof(chip.memory));
	chip.addressing = BY_PAGE;
	chip.last_column = WIDTH - 1;
	chip.last_page = PAGES - 1;
	chip.contrast = 0x7f;
}

static int arguments_of(u8 command)
{
	switch (command) {
	case 0x20: case 0x81: case 0x8d: case 0xa8: case 0xd3: case 0xd5: case 0xd9: case 0xda:
	case 0xdb:
		return 1;
	case 0x21: case 0x22: case 0xa3:
		return 2;
	case 0x29: case 0x2a:
		return 5;
	case 0x26: case 0x27:
		return 6;
	default:
		return 0;
	}
}

static void obey(u8 command, const u8 *arguments)
{
	switch (command) {
	case 0x00 ... 0x0f: /* these two and the page's are heeded in page addressing only */
		if (chip.addressing == BY_PAGE)
			chip.column = (chip.column & 0x70) | command;
		break;
	case 0x10 ... 0x1f:
		if (chip.addressing == BY_PAGE)
			chip.column = (chip.column & 0x0f) | (command & 0x07) << 4;
		break;
	case 0xb0 ... 0xb7:
		if (chip.addressing == BY_PAGE)
			chip.page = command & 0x07;
		break;
	case 0x20:
		chip.addressing = min_t(u8, arguments[0] & 0x03, BY_PAGE);
		break;
	case 0x21:
		chip.first_column = chip.column = arguments[0] & 0x7f;
		chip.last_column = arguments[1] & 0x7f;
		break;
	case 0x22:
		chip.first_page = chip.page = arguments[0] & 0x07;
		chip.last_page = arguments[1] & 0x07;
		break;
	case 0x40 ... 0x7f:
		chip.start_line = command & 0x3f;
		break;
	case 0x81:
		chip.contrast = arguments[0];
		break;
	case 0x8d:
		chip.has_charge_pump = arguments[0] & 0x04;
		break;
	case 0xa0 ... 0xa1:
		chip.has_columns_swapped = command & 1;
		break;
	case 0xa4 ... 0xa5:
		chip.is_all_lit = command & 1;
		break;
	case 0xa6 ... 0xa7:
		chip.is_inverted = command & 1;
		break;
	case 0xae ... 0xaf:
		chip.is_on = command & 1;
		break;
	case 0xc0: case 0xc8:
		chip.has_rows_swapped = command & 8;
		break;
	}
}

static void take_command(u8 byte)
{
	if (chip.wanted == 0) {
		chip.command = byte;
		chip.given = 0;
		chip.wanted = arguments_of(byte);
	} else {
		chip.arguments[chip.given++] = byte;
		chip.wanted--;
	}
	if (chip.wanted == 0)
		obey(chip.command, chip.arguments);
}

/* To the next place in a range, and round again; whether that was round. */
static bool advance(u8 *place, u8 first, u8 last, u8 mask)
{
	bool is_last = *place == last;

	*place = is_last ? first : (*place + 1) & mask;
	return is_last;
}

static void take_data(u8 byte)
{
	chip.memory[chip.page][chip.column] = byte;
	switch (chip.addressing) {
	case HORIZONTAL:
		if (advance(&chip.column, chip.first_column, chip.last_column, WIDTH - 1))
			advance(&chip.page, chip.first_page, chip.last_page, PAGES - 1);
		break;
	case VERTICAL:
		if (advance(&chip.page, chip.first_page, chip.last_page, PAGES - 1))
			advance(&chip.column, chip.first_column, chip.last_column, WIDTH - 1);
		break;
	case BY_PAGE:
		advance(&chip.column, 0, WIDTH - 1, WIDTH - 1);
		break;
	}
}

static void take(const u8 *bytes, int count)
{
	int at = 0;

	while (at < count) {
		u8 control = bytes[at++];
		int end = control & CONTROL_CONTINUES ? min(at + 1, count) : count;

		for (; at < end; at++) {
			if (control & CONTROL_DATA)
				take_data(bytes[at]);
			else
				take_command(bytes[at]);
			writes++;
		}
	}
}

static int transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	int done;

	mutex_lock(&lock);
	for (done = 0; done < count; done++) {
		struct i2c_msg *message = &messages[done];

		if (is_unplugged || message->addr != address)
			break;
		if (message->flags & I2C_M_RD) /* its status: bit 6 while it is off */
			memset(message->buf, chip.is_on ? 0x00 : 0x40, message->len);
		else
			take(message->buf, message->len);
	}
	mutex_unlock(&lock);
	return done == count ? count : -ENXIO;
}

static u32 functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

/* The glass is glued on so that both swapped is upright. */
static bool is_lit(int column, int row)
{
	int line, left = chip.has_columns_swapped ? column : WIDTH - 1 - column;

	if (chip.is_all_lit)
		return true;
	line = chip.has_rows_swapped ? row : PAGES * 8 - 1 - row;
	line = (line + chip.start_line) % (PAGES * 8);
	return (chip.memory[line / 8][left] >> line % 8 & 1) != chip.is_inverted;
}

static ssize_t read_frame(struct file *file, char __user *to, size_t count, loff_t *position)
{
	u8 frame[PAGES * WIDTH] = {};
	int at, row;

	mutex_lock(&lock);
	for (at = 0; at < PAGES * WIDTH && chip.is_on && chip.has_charge_pump; at++)
		for (row = 0; row < 8; row++)
			frame[at] |= is_lit(at % WIDTH, at / WIDTH * 8 + row) << row;
	mutex_unlock(&lock);
	return simple_read_from_buffer(to, count, position, frame, sizeof(frame));
}

static const struct file_operations frame_operations = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = read_frame,
};

static int is_unplugged_now(void *data, u64 *value)
{
	*value = is_unplugged;
	return 0;
}

static int unplug(void *data, u64 value)
{
	mutex_lock(&lock);
	is_unplugged = value;
	power_up();
	mutex_unlock(&lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(unplugged_operations, is_unplugged_now, unplug, "%llu\n");

static const struct i2c_algorithm algorithm = {
	.master_xfer = transfer,
	.functionality = functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.algo = &algorithm,
	.name = "i2c-oled-sim",
};

static int __init oled_sim_init(void)
{
	int error;

	power_up();
	adapter.nr = bus;
	error = i2c_add_numbered_adapter(&adapter);
	if (error)
		return error;
	folder = debugfs_create_dir("i2c-oled-sim", NULL);
	debugfs_create_file("frame", 0400, folder, NULL, &frame_operations);
	debugfs_create_bool("on", 0400, folder, &chip.is_on);
	debugfs_create_u8("contrast", 0400, folder, &chip.contrast);
	debugfs_create_u32("writes", 0400, folder, &writes);
	debugfs_create_file("unplugged", 0600, folder, NULL, &unplugged_operations);
	return 0;
}

static void __exit oled_sim_exit(void)
{
	debugfs_remove_recursive(folder);
	i2c_del_adapter(&adapter);
}

module_init(oled_sim_init);
module_exit(oled_sim_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("I2C bus with a simulated SSD1306");
