#!/bin/sh
# recipe.sh ARCHITECTURE: in Debian, with this folder as /work: make out/{vmlinuz,initrd,modules.tar}.
set -eu
architecture=$1
cd /work
mkdir out target

# One version of everything: that of the source which was installed.
version=$(dpkg-query -W -f '${Version}' linux-source-6.1)
dpkg --add-architecture "$architecture"
apt-get -q update
release=$(apt-cache depends "linux-headers-$architecture:$architecture=$version" |
    sed -n "s/.*Depends: linux-headers-\([^:]*\).*/\1/p")
mkdir packages
(
    cd packages
    apt-get -q -o APT::Sandbox::User=root download \
        "linux-image-$release:$architecture=$version" \
        "linux-headers-$release:$architecture=$version" \
        "linux-headers-${release%-*}-common=$version" "linux-kbuild-6.1=$version" \
        "busybox-static:$architecture"
)
for package in packages/*.deb; do
    case $package in
    */linux-image-* | */busybox-*) to=target ;;
    *) to=/ ;;
    esac
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C $to
done

# A simulated interrupt takes a kernel's way for those who are in no module of their own; and it
# looks for the next one from the last on, where an earlier one would never be found.
tar -x --strip-components=1 -f /usr/src/linux-source-6.1.tar.xz \
    linux-source-6.1/drivers/gpio/gpio-sim.c linux-source-6.1/drivers/gpio/gpiolib.h \
    linux-source-6.1/kernel/irq/irq_sim.c
mkdir modules
cp i2c-oled-sim.c Kbuild drivers/gpio/gpiolib.h modules
cp drivers/gpio/gpio-sim.c modules/gpio-sim-chip.c
sed -e 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' \
    -e 's/work_ctx->irq_count, offset)/work_ctx->irq_count, 0)/' \
    kernel/irq/irq_sim.c >modules/irq_sim.c
[ "$(diff kernel/irq/irq_sim.c modules/irq_sim.c | grep -c '^>')" = 2 ]
make -C "/usr/src/linux-headers-$release" M=/work/modules modules \
    ARCH="$architecture" CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-12

# What no guest of ours has is left out.
tree=target/lib/modules/$release
(cd "$tree/kernel/drivers" && rm -rf gpu infiniband iio net/ethernet net/wireless)
mkdir "$tree/updates"
cp modules/*.ko "$tree/updates"
depmod -b target "$release"

mkdir -p initrd/bin initrd/lib initrd/dev initrd/root
cp target/bin/busybox initrd/bin
cp init initrd
chmod 755 initrd/init
for name in virtio_pci virtio_blk ext4; do
    modprobe -d /work/target -S "$release" --show-depends "$name"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r path; do
    cp "$path" initrd/lib
    echo "${path##*/}" >>initrd/modules
done
(cd initrd && find . | cpio -o -H newc --quiet | gzip -1) >out/initrd
cp "target/boot/vmlinuz-$release" out/vmlinuz
mkdir -p target/usr/lib
mv target/lib/modules target/usr/lib
tar -c -C target -f out/modules.tar usr/lib/modules
